// SPDX-License-Identifier: Apache-2.0
#include "tools/symbolize/local.h"

#include <elfutils/libdwfl.h>

#include <algorithm>

#include "tools/base/path.h"
#include "tools/elf/debug_file.h"
#include "tools/fetch/url.h"

namespace cpprof::symbolize {
namespace {

using profile::LocationIndex;
using profile::Mapping;
using profile::MappingIndex;
using profile::Profile;
using profile::StringId;

// To be raised with every change that makes other facts of the same files.
constexpr char kFactsVersion[] = "facts 2";

bool HasNames(const Mapping& mapping) {
  return mapping.has_functions || mapping.has_filenames || mapping.has_line_numbers;
}

bool IsHttpUrl(std::string_view file) {
  const auto url = fetch::ParseUrl(file);
  return url && url->scheme.find("http") != std::string::npos;
}

// The symbol to name an address by when nothing else is asked; exported names of a stripped file
// are better than none.
const elf::Symbol* FastSymbol(const elf::SymbolTable& symbols, uint64_t address) {
  return symbols.complete() ? symbols.Nearest(address) : symbols.FunctionAt(address, {});
}

}  // namespace

LocalSymbolizer::LocalSymbolizer(Profile* profile, const Mode& mode, AnswerStyle style,
                                 SymbolCache cache, Notices* notices)
    : profile_(*profile),
      mode_(mode),
      style_(style),
      cache_(std::move(cache)),
      notices_(*notices),
      servers_(notices) {}

void LocalSymbolizer::Run() {
  OpenObjects();
  if (!mode_.fast) {
    for (auto& [mapping, job] : jobs_) Resolve(&job);
  }
  WriteLines();
}

bool LocalSymbolizer::Wanted(MappingIndex index, bool* missing) {
  const Mapping& mapping = profile_.mappings[index];
  if (!mode_.force && HasNames(mapping)) return false;
  if (mapping.file == 0) {
    if (index == 0) {
      notices_.Print("Main binary filename not available.");
    } else {
      *missing = true;
    }
    return false;
  }
  const std::string_view file = profile_.Text(mapping.file);
  if (IsUnsymbolizable(file)) return false;
  return mapping.build_id != 0 || !IsHttpUrl(file);
}

// The file the mapping names; if it is not on this machine, what there is for its build id: the
// debug information installed here, or the program or its debug information from a server.
Result<std::unique_ptr<ObjectFile>> LocalSymbolizer::OpenOrFetch(const Mapping& mapping) {
  const elf::MappingRange range{mapping.start, mapping.limit, mapping.offset, std::nullopt};
  const std::string_view symbol = profile_.Text(mapping.kernel_relocation_symbol);
  auto object =
      ObjectFile::Open(std::string(profile_.Text(mapping.file)), range, symbol, &servers_);
  if (object.ok() || mapping.build_id == 0) return object;
  const std::string id(profile_.Text(mapping.build_id));
  std::string path = elf::FindDebugFileById(id);
  if (path.empty()) path = servers_.FindProgram(id);
  if (path.empty()) path = servers_.FindDebugInfo(id);
  if (path.empty()) return object;
  auto other = ObjectFile::Open(path, range, symbol, &servers_);
  return other.ok() ? std::move(other) : std::move(object);
}

std::unique_ptr<ObjectFile> LocalSymbolizer::OpenObject(MappingIndex index, bool* missing) {
  const Mapping& mapping = profile_.mappings[index];
  const std::string build_id(profile_.Text(mapping.build_id));
  std::string name = BaseName(profile_.Text(mapping.file));
  if (!build_id.empty()) name += " (build ID " + build_id + ")";
  auto object = OpenOrFetch(mapping);
  if (!object.ok()) {
    notices_.Print("Local symbolization failed for " + name + ": " + object.message());
    failures_[index] = "not on this machine: set PPROF_BINARY_PATH or DEBUGINFOD_URLS";
    *missing = true;
    return nullptr;
  }
  const std::string& found_id = (*object)->build_id();
  if (!build_id.empty() && !found_id.empty() && found_id != build_id) {
    notices_.Print("Local symbolization failed for " + name + ": build ID mismatch");
    failures_[index] = "another build than the one profiled: set PPROF_BINARY_PATH";
    return nullptr;
  }
  return std::move(*object);
}

LocalSymbolizer::Source* LocalSymbolizer::SourceFor(std::unique_ptr<ObjectFile> object) {
  CacheKey key{.build_id = object->build_id(), .details = object->Identity()};
  key.details += std::string("\n") + kFactsVersion + " cpprof " + PPROFAGENT_VERSION + " libdw " +
                 dwfl_version(nullptr) + " demangle " +
                 std::to_string(static_cast<int>(mode_.demangle));
  const std::string path = object->file().path();
  std::unique_ptr<Source>& source = sources_[path + "\n" + key.build_id + "\n" + key.details];
  if (!source) {
    source = std::make_unique<Source>();
    source->object = std::move(object);
    source->key = std::move(key);
    source->cacheable = cache_.enabled() && !mode_.fast;
    if (source->cacheable) cache_.Load(source->key, &source->facts);
  }
  return source.get();
}

void LocalSymbolizer::OpenObjects() {
  std::vector<std::vector<LocationIndex>> by_mapping(profile_.mappings.size());
  for (LocationIndex i = 0; i < profile_.locations.size(); ++i) {
    const MappingIndex mapping = profile_.locations[i].mapping;
    if (mapping < by_mapping.size()) by_mapping[mapping].push_back(i);
  }
  bool missing = false;
  for (MappingIndex i = 0; i < profile_.mappings.size(); ++i) {
    if (by_mapping[i].empty() || !Wanted(i, &missing)) continue;
    auto object = OpenObject(i, &missing);
    if (!object) continue;
    // One address tells the base of all; a mapping it cannot be told for stays unnamed.
    const auto base = object->BaseFor(profile_.locations[by_mapping[i].front()].address);
    if (!base.ok()) continue;
    Job& job = jobs_[i];
    job.source = SourceFor(std::move(object));
    job.answerer = std::make_unique<Answerer>(style_, profile_.strings.get());
    job.base = *base;
    job.locations = std::move(by_mapping[i]);
  }
  if (missing) {
    notices_.Print(
        "Some binary filenames not available. Symbolization may be incomplete.\n"
        "Try setting PPROF_BINARY_PATH to the search path for local binaries.");
  }
}

void LocalSymbolizer::Resolve(Job* job) {
  std::vector<uint64_t> addresses;
  addresses.reserve(job->locations.size());
  for (const LocationIndex location : job->locations) {
    addresses.push_back(profile_.locations[location].address - job->base);
  }
  std::sort(addresses.begin(), addresses.end());
  addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
  const bool complete = job->source->object->Learn(addresses, &servers_, &job->source->facts);
  // What is missing today may be there tomorrow.
  job->source->cacheable = job->source->cacheable && complete;
}

StringId LocalSymbolizer::Keep(std::string_view text) {
  if (text.empty()) return 0;
  const auto [known, is_new] = kept_.try_emplace(Slice{text.data(), text.size()}, 0);
  if (is_new) known->second = profile_.Intern(text);
  return known->second;
}

StringId LocalSymbolizer::KeepName(std::string_view name, Source* source) {
  const size_t before = kept_.size();
  const StringId id = Keep(name);
  if (kept_.size() != before) source->names.emplace_back(id, name);
  return id;
}

profile::FunctionIndex LocalSymbolizer::FunctionFor(const Frame& frame, Source* source) {
  const StringId name = KeepName(frame.function, source);
  const StringId file = Keep(frame.file);
  const uint64_t hash =
      HashMix(HashMix(name, file), static_cast<uint64_t>(int64_t{frame.start_line}));
  profile::FunctionIndex function = functions_.Find(hash, [&](uint32_t other) {
    const profile::Function& known = profile_.functions[other];
    return known.name == name && known.filename == file && known.start_line == frame.start_line;
  });
  if (function == IndexSet::kAbsent) {
    function = static_cast<profile::FunctionIndex>(profile_.functions.size());
    profile_.functions.push_back(
        {.name = name, .system_name = name, .filename = file, .start_line = frame.start_line});
    functions_.Insert(hash, function);
  }
  return function;
}

void LocalSymbolizer::WriteLines() {
  Facts facts;
  std::vector<profile::Line> lines;
  for (LocationIndex i = 0; i < profile_.locations.size(); ++i) {
    const auto at = jobs_.find(profile_.locations[i].mapping);
    if (at == jobs_.end()) continue;
    Job& job = at->second;
    const uint64_t address = profile_.locations[i].address - job.base;
    std::vector<Frame>& frames = facts.frames;
    frames.clear();
    if (!mode_.fast) {
      if (!job.source->facts.Find(address, &facts)) continue;
      job.answerer->Complete(&facts);
    } else if (const elf::Symbol* symbol = FastSymbol(job.source->object->symbols(), address)) {
      frames.push_back({.function = symbol->name});
    }
    if (frames.empty()) continue;
    Mapping& mapping = profile_.mappings[at->first];
    lines.clear();
    for (const Frame& frame : frames) {
      mapping.has_functions |= !frame.function.empty();
      mapping.has_filenames |= !frame.file.empty();
      mapping.has_line_numbers |= frame.line != 0;
      lines.push_back({FunctionFor(frame, job.source), frame.line, frame.column});
    }
    mapping.has_inline_frames = true;
    profile_.SetLines(i, lines);
    profile_.locations[i].is_folded = false;
  }
}

void LocalSymbolizer::Seed(ReadableNames* names) {
  for (const auto& entry : sources_) {
    auto& source = *entry.second;
    // What the cache has need not be put there again.
    std::erase_if(source.names, [&](const auto& used) {
      const std::string_view readable = source.facts.Readable(used.second);
      if (readable.empty() || used.first >= names->size()) return false;
      (*names)[used.first] = profile_.Intern(readable);
      return true;
    });
  }
}

void LocalSymbolizer::Save(const ReadableNames& names) {
  for (const auto& [key, source] : sources_) {
    if (!source->cacheable) continue;
    for (const auto& [id, name] : source->names) {
      // Most C functions are shown as they are, which is found out faster than it is read.
      if (id >= names.size() || names[id] == profile::kNone || names[id] == id) continue;
      source->facts.SetReadable(std::string(name), profile_.Text(names[id]));
    }
    if (source->facts.changed()) cache_.Save(source->key, source->facts);
  }
}

std::string LocalSymbolizer::AdviceFor(MappingIndex mapping) const {
  if (const auto failed = failures_.find(mapping); failed != failures_.end()) return failed->second;
  const auto job = jobs_.find(mapping);
  if (job == jobs_.end()) return "";
  if (job->second.source->object->has_debug_info()) return "";
  return DebugInfoServers::Configured() ? "no debug symbols: install them"
                                        : "no debug symbols: install them or set DEBUGINFOD_URLS";
}

bool IsUnsymbolizable(std::string_view file) {
  const std::string name = BaseName(file);
  return name.starts_with('[') || name.starts_with("linux-vdso") || file.starts_with("/dev/dri/") ||
         file == "//anon" || file.starts_with("/memfd:");
}

void SymbolizeLocally(Profile* profile, const Mode& mode, AnswerStyle style, Notices* notices) {
  LocalSymbolizer(profile, mode, style, SymbolCache("", 0), notices).Run();
}

}  // namespace cpprof::symbolize
