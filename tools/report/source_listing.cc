// SPDX-License-Identifier: Apache-2.0
//
// See source_listing.h. Limits and distances here are the reference's, because they decide what is
// on the page.
#include "tools/report/source_listing.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string_view>
#include <utility>

#include "tools/base/arithmetic.h"
#include "tools/base/path.h"
#include "tools/base/strings.h"
#include "tools/disassemble/code_object.h"
#include "tools/disassemble/objdump.h"
#include "tools/profile/name_matcher.h"
#include "tools/report/source_files.h"

namespace cpprof::report {
namespace {

using disassemble::CodeObject;
using profile::LocationIndex;
using profile::MappingIndex;

// Code disassembled before the first and behind the last sample of a range, in bytes.
constexpr uint64_t kCodeMargin = 500;
// Ranges disassembled at most, those with most samples.
constexpr size_t kMaxRanges = 25;
// An instruction without a line belongs to the line before it within this many bytes.
constexpr uint64_t kLineReach = 32;
// Lines of one function nearer than this are one listing.
constexpr int64_t kMergedLines = 20;
// Lines shown around those with code.
constexpr int64_t kMargin = 5;
constexpr size_t kIndent = 4;
constexpr size_t kTextWidth = 80;

struct Cost {
  int64_t flat = 0;
  int64_t cum = 0;

  void Add(const Cost& other) {
    flat = WrapAdd(flat, other.flat);
    cum = WrapAdd(cum, other.cum);
  }
};

struct Frame {
  std::string function;
  std::string file;
  int64_t line = 0;
};

struct Code {
  uint64_t file_address = 0;
  uint64_t length = 1;
  bool synthetic = false;
  std::string text;
  std::string file;  // of the innermost frame
  int64_t line = 0;
  Cost cost;
};

// An instruction under a source line, with the calls inlined there.
struct CodeRef {
  uint64_t address = 0;
  std::vector<std::pair<std::string, int64_t>> calls;  // (file, line), outermost first
};

struct FileCode {
  std::map<int64_t, std::vector<CodeRef>> lines;
  // The function met first on each line, by its linker name.
  std::map<int64_t, std::string> functions;
};

struct LineRange {
  std::string name;
  int64_t begin = 0;
  int64_t end = 0;  // behind the last
  Cost cost;
};

struct AddressRange {
  uint64_t begin = 0;
  uint64_t end = 0;
  MappingIndex mapping = profile::kNone;
  std::vector<uint64_t> addresses;
  int64_t flat = 0;
};

// Column of the first character that is neither space nor tab.
size_t Indentation(std::string_view line) {
  size_t column = 0;
  for (const char c : line) {
    if (c == ' ') {
      ++column;
    } else if (c == '\t') {
      column = (column / 8 + 1) * 8;
    } else {
      break;
    }
  }
  return column;
}

// With tabs as spaces, filled up to the common width.
std::string Padded(std::string_view text) {
  std::string padded;
  size_t column = 0;
  for (const char c : text) {
    // Code points count, not their bytes.
    if ((static_cast<unsigned char>(c) & 0xc0) != 0x80) ++column;
    padded += c == '\t' ? ' ' : c;
    if (c != '\t') continue;
    padded.append((8 - column % 8) % 8, ' ');
    column += (8 - column % 8) % 8;
  }
  if (column < kTextWidth) padded.append(kTextWidth - column, ' ');
  return padded;
}

std::string CanonicalName(std::string_view file) {
  for (const std::string_view prefix : {"/proc/self/cwd/", "./"}) {
    if (file.starts_with(prefix)) file.remove_prefix(prefix.size());
  }
  return CleanPath(file);
}

class SourceLister {
 public:
  SourceLister(Report* report, std::string source_path)
      : report_(*report),
        profile_(report->profile()),
        symbol_(*report->options().symbol),
        wanted_address_(ParseUint(symbol_.pattern(), 0)),
        sources_(std::move(source_path), report->options().trim_path),
        objdump_(report->options().tools),
        style_(symbolize::ChooseAnswerStyle(report->options().tools)) {}

  Result<std::vector<ListedFile>> Run() {
    PlaceSamples();
    if (wanted_functions_.empty()) {
      return Status::Error("no matches found for regexp: " + symbol_.pattern());
    }
    ListCode();
    for (auto& [address, code] : code_) AddSamples(address, &code);
    std::vector<ListedFile> files;
    for (const auto& [name, file] : files_) files.push_back(List(name, file));
    return files;
  }

 private:
  std::string_view Text(profile::StringId id) const { return profile_.Text(id); }

  // --- Samples: what each address costs, which functions are wanted ---

  void PlaceSamples() {
    uint64_t next_address = 1;
    for (const profile::Mapping& mapping : profile_.mappings) {
      next_address = std::max(next_address, mapping.limit);
    }
    std::vector<Cost> costs(profile_.locations.size());
    std::vector<char> used(profile_.locations.size());
    const auto& samples = std::as_const(profile_).samples;
    for (size_t row = 0; row < samples.size(); ++row) {
      const int64_t value = SampleValue(samples.Values(row));
      const auto stack = samples.Stack(row);
      for (size_t i = 0; i < stack.size(); ++i) {
        used[stack[i]] = true;
        costs[stack[i]].Add({.flat = i == 0 ? value : 0, .cum = value});
      }
    }
    profile::NameMatcher matcher(profile_, symbol_);
    for (LocationIndex i = 0; i < profile_.locations.size(); ++i) {
      if (!used[i]) continue;
      // Profiles without addresses get some of their own, behind all mappings.
      uint64_t address = profile_.locations[i].address;
      if (address == 0) address = next_address++;
      costs_[address].Add(costs[i]);
      FindWanted(i, address, &matcher);
    }
  }

  int64_t SampleValue(std::span<const int64_t> values) const {
    const graph::Weighting& weighting = report_.options().weighting;
    const int64_t value = values[weighting.column];
    return weighting.mean && values[0] != 0 ? WrapDivide(value, values[0]) : value;
  }

  void FindWanted(LocationIndex index, uint64_t address, profile::NameMatcher* matcher) {
    const profile::Location& location = profile_.locations[index];
    const auto lines = std::as_const(profile_).Lines(index);
    for (const profile::Line& line : lines) {
      const profile::Function& function = profile_.functions[line.function];
      readable_names_[std::string(Text(function.system_name))] = Text(function.name);
    }
    const auto want = [&](const profile::Line& line) {
      const profile::Function& function = profile_.functions[line.function];
      wanted_functions_.emplace(Text(function.name));
      wanted_functions_.emplace(Text(function.system_name));
      wanted_locations_.try_emplace(address, index);
    };
    if (wanted_address_ && address == *wanted_address_) {
      if (!lines.empty()) want(lines.back());
      return;
    }
    const bool matches_mapping = matcher->MatchesMapping(location);
    for (size_t i = 0; i < lines.size(); ++i) {
      const profile::Function& function = profile_.functions[lines[i].function];
      if ((i == 0 && matches_mapping) || matcher->Matches(lines[i]) ||
          matcher->Matches(function.system_name)) {
        want(lines[i]);
      }
    }
  }

  // --- Code: instructions around wanted addresses, under their source lines ---

  void ListCode() {
    std::vector<uint64_t> without_code;
    std::vector<AddressRange> ranges = MakeRanges(&without_code);
    for (const uint64_t address : without_code) AddSynthetic(address);
    std::stable_sort(ranges.begin(), ranges.end(),
                     [](const AddressRange& a, const AddressRange& b) { return a.flat > b.flat; });
    if (ranges.size() > kMaxRanges) {
      report_.Say(
          StrFormat("weblist: shows the %zu hottest of %zu ranges of code; a narrower "
                    "expression shows the others",
                    kMaxRanges, ranges.size()));
      ranges.resize(kMaxRanges);
    }
    for (const AddressRange& range : ranges) {
      const Status status = Disassemble(range);
      if (status.ok()) continue;
      if (said_.insert(status.message()).second) {
        report_.Say(status.message() + "; shown without machine code");
      }
      for (const uint64_t address : range.addresses) AddSynthetic(address);
    }
  }

  std::vector<AddressRange> MakeRanges(std::vector<uint64_t>* without_code) {
    std::vector<AddressRange> ranges;
    for (const auto& [address, location] : wanted_locations_) {
      const MappingIndex index = profile_.locations[location].mapping;
      if (ObjectOf(index) == nullptr) {
        without_code->push_back(address);
        continue;
      }
      // Neighbours whose margins touch are one range.
      const bool joined = !ranges.empty() && ranges.back().mapping == index &&
                          address - ranges.back().addresses.back() <= 2 * kCodeMargin &&
                          address < profile_.mappings[index].limit;
      if (!joined) ranges.push_back({.begin = address, .end = address, .mapping = index});
      ranges.back().addresses.push_back(address);
      ranges.back().flat = WrapAdd(ranges.back().flat, costs_[address].flat);
    }
    for (AddressRange& range : ranges) {
      const profile::Mapping& mapping = profile_.mappings[range.mapping];
      const uint64_t first = range.addresses.front();
      const uint64_t last = range.addresses.back();
      range.begin = first == mapping.start ? first : first - std::min(first, kCodeMargin);
      range.end = mapping.limit - last >= kCodeMargin ? last + kCodeMargin : mapping.limit;
    }
    return ranges;
  }

  // Null if there is none that can be read.
  CodeObject* ObjectOf(MappingIndex index) {
    if (index == profile::kNone || profile_.mappings[index].file == 0) return nullptr;
    const auto [entry, is_new] = objects_.try_emplace(index);
    if (is_new) {
      auto opened = CodeObject::Open(profile_, index);
      if (opened.ok()) entry->second = std::move(*opened);
    }
    return entry->second.get();
  }

  Status Disassemble(const AddressRange& range) {
    CodeObject* object = ObjectOf(range.mapping);
    // The base is found by an address with a sample; the range may begin outside the mapping.
    const Result<uint64_t> first = object->FileAddress(range.addresses.front());
    if (!first.ok()) return first.status();
    const uint64_t base = range.addresses.front() - *first;
    auto instructions = objdump_.Disassemble(object->path(), range.begin - base, range.end - base,
                                             report_.options().intel_syntax);
    if (!instructions.ok()) return instructions.status();
    // objdump prints code twice that lies in two sections.
    std::vector<disassemble::Instruction> list;
    for (disassemble::Instruction& instruction : *instructions) {
      if (list.empty() || instruction.address > list.back().address) {
        list.push_back(std::move(instruction));
      }
    }
    std::vector<uint64_t> addresses;
    addresses.reserve(list.size());
    for (const disassemble::Instruction& instruction : list) {
      addresses.push_back(instruction.address);
    }
    const auto frames = object->Frames(addresses, style_, profile_.strings.get());
    std::vector<Frame> known;
    uint64_t known_at = 0;
    for (size_t i = 0; i < list.size(); ++i) {
      const uint64_t address = list[i].address + base;
      std::vector<Frame> stack;
      for (const symbolize::Frame& frame : frames[i]) {
        stack.push_back({std::string(frame.function), std::string(frame.file), frame.line});
      }
      Code code{.file_address = list[i].address, .text = std::move(list[i].text)};
      if (i + 1 < list.size()) code.length = list[i + 1].address - list[i].address;
      AddCode(address, std::move(code), stack);
      if (!stack.empty() && stack.front().line != 0) {
        known = stack;
        known_at = address;
      } else if (!known.empty() && address - known_at <= kLineReach) {
        stack = known;
      }
      AddStack(address, stack);
    }
    return Status::Ok();
  }

  void AddSynthetic(uint64_t address) {
    std::vector<Frame> stack;
    const LocationIndex location = wanted_locations_.at(address);
    for (const profile::Line& line : std::as_const(profile_).Lines(location)) {
      const profile::Function& function = profile_.functions[line.function];
      stack.push_back(
          {std::string(Text(function.name)), std::string(Text(function.filename)), line.line});
    }
    AddCode(address, {.file_address = address, .synthetic = true}, stack);
    AddStack(address, stack);
  }

  void AddCode(uint64_t address, Code code, const std::vector<Frame>& stack) {
    if (!stack.empty()) {
      code.file = stack.front().file;
      code.line = stack.front().line;
    }
    code_[address] = std::move(code);
  }

  // Under the line of each wanted function in the stack.
  void AddStack(uint64_t address, const std::vector<Frame>& stack) {
    for (size_t i = 0; i < stack.size(); ++i) {
      const Frame& frame = stack[i];
      if (!wanted_functions_.contains(frame.function)) continue;
      FileCode& file = files_[CanonicalName(frame.file)];
      CodeRef reference{.address = address};
      for (size_t callee = i; callee-- > 0;) {
        reference.calls.emplace_back(stack[callee].file, stack[callee].line);
      }
      file.lines[frame.line].push_back(std::move(reference));
      file.functions.try_emplace(frame.line, frame.function);
    }
  }

  // Samples in the middle of an instruction count for it.
  void AddSamples(uint64_t address, Code* code) const {
    for (auto at = costs_.lower_bound(address);
         at != costs_.end() && at->first - address < code->length; ++at) {
      code->cost.Add(at->second);
    }
  }

  // --- Lines: ranges of them by function, with their text ---

  std::vector<LineRange> Functions(const FileCode& file) const {
    std::vector<LineRange> functions;
    for (const auto& [line, references] : file.lines) {
      std::string name = file.functions.at(line);
      if (const auto readable = readable_names_.find(name); readable != readable_names_.end()) {
        name = readable->second;
      }
      const bool joined = !functions.empty() && functions.back().name == name &&
                          WrapAdd(line, -functions.back().end) < kMergedLines;
      if (!joined) functions.push_back({.name = std::move(name), .begin = line});
      functions.back().end = WrapAdd(line, 1);
      for (const CodeRef& reference : references) {
        functions.back().cost.Add(code_.at(reference.address).cost);
      }
    }
    for (size_t i = 0; i < functions.size(); ++i) {
      LineRange& range = functions[i];
      if (i == 0) {
        // Line 0 is no line but "unknown".
        range.begin =
            range.begin > kMargin ? range.begin - kMargin : std::min<int64_t>(range.begin, 1);
        continue;
      }
      // What lies between two functions is shown with both, half each.
      const int64_t half = WrapAdd(range.begin, -functions[i - 1].end) / 2;
      const int64_t margin = std::min(half, kMargin);
      functions[i - 1].end += margin;
      range.begin -= margin;
    }
    if (!functions.empty()) functions.back().end = WrapAdd(functions.back().end, kMargin);
    return functions;
  }

  ListedFile List(const std::string& name, const FileCode& file) {
    ListedFile listed{.name = name};
    for (const LineRange& range : Functions(file)) {
      if (range.cost.cum == 0) continue;
      ListedFunction function{.name = range.name, .flat = range.cost.flat, .cum = range.cost.cum};
      // Ranges are short but where the profile's line numbers are nonsense: lines that have neither
      // text nor code are skipped, so that numbers behind the end cost nothing.
      for (int64_t number = range.begin; number < range.end; ++number) {
        const auto references = file.lines.find(number);
        std::optional<std::string_view> source = sources_.Line(name, number);
        if (!source && references == file.lines.end()) continue;
        if (!source) source = number == 0 ? "<instructions with unknown line numbers>" : "???";
        function.lines.push_back(MakeLine(number, *source,
                                          references == file.lines.end()
                                              ? std::span<const CodeRef>()
                                              : std::span<const CodeRef>(references->second)));
      }
      listed.functions.push_back(std::move(function));
    }
    return listed;
  }

  ListedLine MakeLine(int64_t number, std::string_view source,
                      std::span<const CodeRef> references) {
    ListedLine line{.number = number, .source = std::string(source)};
    bool has_code = false;
    for (const CodeRef& reference : references) {
      const Code& code = code_.at(reference.address);
      line.flat = WrapAdd(line.flat, code.cost.flat);
      line.cum = WrapAdd(line.cum, code.cost.cum);
      has_code |= !reference.calls.empty() || !code.synthetic;
    }
    if (references.empty()) return line;
    line.kind = has_code ? ListedLine::Kind::kWithCode : ListedLine::Kind::kSourceOnly;
    if (!has_code) return line;
    const size_t indent = Indentation(source) + kIndent;
    const CodeRef* previous = nullptr;
    for (const CodeRef& reference : references) {
      line.instructions.push_back(MakeInstruction(reference, previous, indent));
      previous = &reference;
    }
    return line;
  }

  ListedInstruction MakeInstruction(const CodeRef& reference, const CodeRef* previous,
                                    size_t indent) {
    const Code& code = code_.at(reference.address);
    ListedInstruction listed{.synthetic = code.synthetic,
                             .address = code.file_address,
                             .flat = code.cost.flat,
                             .cum = code.cost.cum};
    listed.new_block = previous != nullptr &&
                       reference.address != previous->address + code_.at(previous->address).length;
    const size_t depth = reference.calls.size();
    listed.text = Padded(std::string(indent + kIndent * depth, ' ') + code.text);
    if (!code.file.empty()) listed.place = BaseName(code.file) + ":" + std::to_string(code.line);
    // Calls shared with the instruction before are not repeated.
    bool same = previous != nullptr;
    for (size_t i = 0; i < depth; ++i) {
      const auto& [file, number] = reference.calls[i];
      same = same && i < previous->calls.size() && previous->calls[i] == reference.calls[i];
      if (same) continue;
      const std::string_view source = sources_.Line(file, number).value_or("");
      listed.calls.push_back({.source = Padded(std::string(indent + kIndent * i, ' ') +
                                               std::string(TrimSpace(source))),
                              .file = BaseName(file),
                              .line = number});
    }
    return listed;
  }

  const Report& report_;
  profile::Profile& profile_;
  const re2::RE2& symbol_;
  const std::optional<uint64_t> wanted_address_;
  SourceFiles sources_;
  disassemble::Objdump objdump_;
  const symbolize::AnswerStyle style_;

  std::map<uint64_t, Cost> costs_;                       // by address
  std::set<std::string, std::less<>> wanted_functions_;  // names and linker names
  std::map<uint64_t, LocationIndex> wanted_locations_;
  std::map<std::string, std::string> readable_names_;  // by linker name
  std::map<MappingIndex, std::unique_ptr<CodeObject>> objects_;
  std::map<uint64_t, Code> code_;  // by address in the process
  std::map<std::string, FileCode> files_;
  std::set<std::string> said_;
};

}  // namespace

Result<std::vector<ListedFile>> ListSources(Report* report) {
  Result<std::string> source_path = SourcePathOrDefault(report->options().source_path);
  if (!source_path.ok()) return source_path.status();
  return SourceLister(report, std::move(*source_path)).Run();
}

}  // namespace cpprof::report
