// SPDX-License-Identifier: Apache-2.0
#include "tools/symbolize/local.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "tools/base/path.h"
#include "tools/fetch/url.h"
#include "tools/symbolize/answer.h"
#include "tools/symbolize/object_file.h"

namespace cpprof::symbolize {
namespace {

using profile::LocationIndex;
using profile::Mapping;
using profile::MappingIndex;
using profile::Profile;

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

// A mapping to resolve.
struct Job {
  std::unique_ptr<ObjectFile> object;
  std::unique_ptr<Answerer> answerer;
  uint64_t base = 0;
  std::vector<LocationIndex> locations;
};

class LocalSymbolizer {
 public:
  LocalSymbolizer(Profile* profile, const Mode& mode, AnswerStyle style, Notices* notices)
      : profile_(*profile), mode_(mode), style_(style), notices_(*notices) {}

  void Run() {
    OpenObjects();
    for (auto& [mapping, job] : jobs_) Resolve(&job);
    WriteLines();
  }

 private:
  struct FrameRange {
    uint32_t first = 0;
    uint32_t count = 0;
  };

  void OpenObjects();
  bool Wanted(MappingIndex index, bool* missing) const;
  std::unique_ptr<ObjectFile> OpenObject(const Mapping& mapping, bool* missing) const;
  void Resolve(Job* job);
  void Keep(LocationIndex location, std::span<const Frame> frames);
  void WriteLines();
  profile::FunctionIndex FunctionFor(const Frame& frame);

  Profile& profile_;
  const Mode& mode_;
  AnswerStyle style_;
  Notices& notices_;
  std::map<MappingIndex, Job> jobs_;
  // Of each location; the texts are the profile's.
  std::vector<FrameRange> ranges_;
  std::vector<Frame> frames_;
  // (name, file, start line) of the functions made here.
  std::map<std::tuple<profile::StringId, profile::StringId, int64_t>, profile::FunctionIndex>
      functions_;
};

bool LocalSymbolizer::Wanted(MappingIndex index, bool* missing) const {
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

std::unique_ptr<ObjectFile> LocalSymbolizer::OpenObject(const Mapping& mapping,
                                                        bool* missing) const {
  const std::string file(profile_.Text(mapping.file));
  const std::string build_id(profile_.Text(mapping.build_id));
  std::string name = BaseName(file);
  if (!build_id.empty()) name += " (build ID " + build_id + ")";
  auto object = ObjectFile::Open(file, {mapping.start, mapping.limit, mapping.offset, std::nullopt},
                                 profile_.Text(mapping.kernel_relocation_symbol));
  if (!object.ok()) {
    notices_.Print("Local symbolization failed for " + name + ": " + object.message());
    *missing = true;
    return nullptr;
  }
  const std::string& found_id = (*object)->build_id();
  if (!build_id.empty() && !found_id.empty() && found_id != build_id) {
    notices_.Print("Local symbolization failed for " + name + ": build ID mismatch");
    return nullptr;
  }
  return std::move(*object);
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
    auto object = OpenObject(profile_.mappings[i], &missing);
    if (!object) continue;
    // One address tells the base of all; a mapping it cannot be told for stays unnamed.
    const auto base = object->BaseFor(profile_.locations[by_mapping[i].front()].address);
    if (!base.ok()) continue;
    Job& job = jobs_[i];
    job.answerer = std::make_unique<Answerer>(style_, object->symbols(), object->own_symbols(),
                                              profile_.strings.get());
    job.object = std::move(object);
    job.base = *base;
    job.locations = std::move(by_mapping[i]);
  }
  if (missing) {
    notices_.Print(
        "Some binary filenames not available. Symbolization may be incomplete.\n"
        "Try setting PPROF_BINARY_PATH to the search path for local binaries.");
  }
}

void LocalSymbolizer::Keep(LocationIndex location, std::span<const Frame> frames) {
  ranges_[location] = {static_cast<uint32_t>(frames_.size()), static_cast<uint32_t>(frames.size())};
  for (Frame frame : frames) {
    frame.function = profile_.Text(profile_.Intern(frame.function));
    frame.file = profile_.Text(profile_.Intern(frame.file));
    frames_.push_back(frame);
  }
}

void LocalSymbolizer::Resolve(Job* job) {
  ranges_.resize(profile_.locations.size());
  if (mode_.fast) return;
  std::vector<std::pair<uint64_t, LocationIndex>> order;
  order.reserve(job->locations.size());
  for (const LocationIndex location : job->locations) {
    order.emplace_back(profile_.locations[location].address - job->base, location);
  }
  std::sort(order.begin(), order.end());
  std::vector<uint64_t> addresses;
  addresses.reserve(order.size());
  for (const auto& [address, location] : order) addresses.push_back(address);
  job->object->ResolveFrames(addresses, [&](size_t index, std::span<const Frame> frames) {
    Keep(order[index].second, frames);
  });
}

profile::FunctionIndex LocalSymbolizer::FunctionFor(const Frame& frame) {
  const auto key = std::make_tuple(profile_.Intern(frame.function), profile_.Intern(frame.file),
                                   int64_t{frame.start_line});
  const auto [known, is_new] = functions_.try_emplace(key, 0);
  if (is_new) {
    known->second =
        profile_.AddFunction(frame.function, frame.function, frame.file, frame.start_line);
  }
  return known->second;
}

void LocalSymbolizer::WriteLines() {
  std::vector<Frame> frames;
  std::vector<profile::Line> lines;
  for (LocationIndex i = 0; i < profile_.locations.size(); ++i) {
    const auto at = jobs_.find(profile_.locations[i].mapping);
    if (at == jobs_.end()) continue;
    Job& job = at->second;
    const uint64_t address = profile_.locations[i].address - job.base;
    frames.assign(frames_.begin() + ranges_[i].first,
                  frames_.begin() + ranges_[i].first + ranges_[i].count);
    if (!mode_.fast) {
      job.answerer->Complete(address, &frames);
    } else if (const elf::Symbol* symbol = FastSymbol(job.object->symbols(), address)) {
      frames.push_back({.function = symbol->name});
    }
    if (frames.empty()) continue;
    Mapping& mapping = profile_.mappings[at->first];
    lines.clear();
    for (const Frame& frame : frames) {
      mapping.has_functions |= !frame.function.empty();
      mapping.has_filenames |= !frame.file.empty();
      mapping.has_line_numbers |= frame.line != 0;
      lines.push_back({FunctionFor(frame), frame.line, frame.column});
    }
    mapping.has_inline_frames = true;
    profile_.SetLines(i, lines);
    profile_.locations[i].is_folded = false;
  }
}

}  // namespace

bool IsUnsymbolizable(std::string_view file) {
  const std::string name = BaseName(file);
  return name.starts_with('[') || name.starts_with("linux-vdso") || file.starts_with("/dev/dri/") ||
         file == "//anon" || file.starts_with("/memfd:");
}

void SymbolizeLocally(Profile* profile, const Mode& mode, AnswerStyle style, Notices* notices) {
  LocalSymbolizer(profile, mode, style, notices).Run();
}

}  // namespace cpprof::symbolize
