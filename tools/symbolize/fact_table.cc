// SPDX-License-Identifier: Apache-2.0
#include "tools/symbolize/fact_table.h"

#include <algorithm>
#include <cstring>

namespace cpprof::symbolize {
namespace {

constexpr uint32_t kHasFunction = 1;
constexpr uint32_t kHasNearest = 2;
constexpr uint32_t kHasOwn = 4;

template <typename T>
void AppendArray(const std::vector<T>& array, std::string* out) {
  out->append(reinterpret_cast<const char*>(array.data()), array.size() * sizeof(T));
}

// Takes `count` elements from the front of *bytes; false when there are not as many.
template <typename T>
bool TakeArray(uint64_t count, std::string_view* bytes, std::vector<T>* array) {
  if (count > bytes->size() / sizeof(T)) return false;
  array->resize(count);
  if (count != 0) std::memcpy(array->data(), bytes->data(), count * sizeof(T));
  bytes->remove_prefix(count * sizeof(T));
  return true;
}

}  // namespace

std::vector<uint64_t> FactTable::Missing(std::span<const uint64_t> addresses) const {
  std::vector<uint64_t> missing;
  for (const uint64_t address : addresses) {
    const bool again = !missing.empty() && missing.back() == address;
    if (!again && FindRow(address) == nullptr) missing.push_back(address);
  }
  return missing;
}

void FactTable::Add(uint64_t address, std::span<const Frame> frames,
                    const elf::SymbolTable& symbols, const elf::SymbolTable& own) {
  Row row;
  row.address = address;
  row.first_frame = static_cast<uint32_t>(frames_.size());
  row.frame_count = static_cast<uint32_t>(frames.size());
  for (const Frame& frame : frames) {
    frames_.push_back({.instance = frame.instance,
                       .entry = frame.entry,
                       .function = texts_.Intern(frame.function),
                       .file = texts_.Intern(frame.file),
                       .line = frame.line,
                       .column = frame.column,
                       .start_line = frame.start_line,
                       .linkage = frame.linkage});
  }
  const std::string_view known = frames.empty() ? std::string_view() : frames.back().function;
  if (const elf::Symbol* symbol = symbols.FunctionAt(address, known)) {
    row.function = texts_.Intern(symbol->name);
    row.function_file = texts_.Intern(symbol->file);
    row.found |= kHasFunction;
  }
  if (const elf::Symbol* symbol = symbols.NearestFunction(address)) {
    row.nearest_function = texts_.Intern(symbol->name);
    row.nearest_file = texts_.Intern(symbol->file);
    row.nearest_address = symbol->address;
    row.found |= kHasNearest;
  }
  if (const elf::Symbol* symbol = own.Nearest(address)) {
    row.nearest_own = texts_.Intern(symbol->name);
    row.found |= kHasOwn;
  }
  rows_.push_back(row);
  changed_ = true;
}

void FactTable::Finish() {
  std::sort(rows_.begin(), rows_.end(),
            [](const Row& a, const Row& b) { return a.address < b.address; });
  sorted_ = rows_.size();
}

const FactTable::Row* FactTable::FindRow(uint64_t address) const {
  const auto end = rows_.begin() + static_cast<std::ptrdiff_t>(sorted_);
  const auto found =
      std::lower_bound(rows_.begin(), end, address,
                       [](const Row& row, uint64_t value) { return row.address < value; });
  return found == end || found->address != address ? nullptr : &*found;
}

bool FactTable::Find(uint64_t address, Facts* facts) const {
  facts->frames.clear();
  const Row* row = FindRow(address);
  if (row == nullptr) {
    *facts = Facts();
    return false;
  }
  for (const FrameRow& frame : std::span(frames_).subspan(row->first_frame, row->frame_count)) {
    facts->frames.push_back({.function = Text(frame.function),
                             .file = Text(frame.file),
                             .line = frame.line,
                             .column = frame.column,
                             .start_line = frame.start_line,
                             .instance = frame.instance,
                             .entry = frame.entry,
                             .linkage = frame.linkage != 0});
  }
  facts->function = Text(row->function);
  facts->function_file = Text(row->function_file);
  facts->nearest_function = Text(row->nearest_function);
  facts->nearest_file = Text(row->nearest_file);
  facts->nearest_address = row->nearest_address;
  facts->nearest_own = Text(row->nearest_own);
  facts->has_function = (row->found & kHasFunction) != 0;
  facts->has_nearest = (row->found & kHasNearest) != 0;
  facts->has_own = (row->found & kHasOwn) != 0;
  return true;
}

std::string_view FactTable::Readable(std::string_view name) const {
  const auto known = readable_.find(name);
  return known == readable_.end() ? std::string_view() : Text(known->second.readable);
}

void FactTable::SetReadable(std::string_view name, std::string_view readable) {
  if (name.empty() || readable.empty()) return;
  const ReadablePair pair{texts_.Intern(name), texts_.Intern(readable)};
  ReadablePair& known = readable_[Text(pair.name)];
  if (known.readable == pair.readable) return;
  known = pair;
  changed_ = true;
}

std::string FactTable::Serialize() const {
  std::vector<uint32_t> ends;
  uint64_t text_bytes = 0;
  for (TextId id = 0; id < texts_.size(); ++id) {
    text_bytes += Text(id).size();
    ends.push_back(static_cast<uint32_t>(text_bytes));
  }
  std::vector<ReadablePair> pairs;
  for (const auto& [name, pair] : readable_) pairs.push_back(pair);
  std::sort(pairs.begin(), pairs.end(),
            [](const ReadablePair& a, const ReadablePair& b) { return a.name < b.name; });
  const Header header{rows_.size(), frames_.size(), ends.size(), text_bytes, pairs.size()};
  std::string out(reinterpret_cast<const char*>(&header), sizeof(header));
  AppendArray(rows_, &out);
  AppendArray(frames_, &out);
  AppendArray(pairs, &out);
  AppendArray(ends, &out);
  for (TextId id = 0; id < texts_.size(); ++id) out += Text(id);
  return out;
}

bool FactTable::IsSound() const {
  const TextId texts = static_cast<TextId>(texts_.size());
  const bool frames = std::all_of(frames_.begin(), frames_.end(), [&](const FrameRow& frame) {
    return frame.function < texts && frame.file < texts;
  });
  const auto sound = [&](const Row& row) {
    return row.first_frame <= frames_.size() &&
           row.frame_count <= frames_.size() - row.first_frame && row.function < texts &&
           row.function_file < texts && row.nearest_function < texts && row.nearest_file < texts &&
           row.nearest_own < texts;
  };
  return frames && std::all_of(rows_.begin(), rows_.end(), sound) &&
         std::is_sorted(rows_.begin(), rows_.end(),
                        [](const Row& a, const Row& b) { return a.address < b.address; });
}

bool FactTable::Parse(std::string_view bytes) {
  Header header;
  std::vector<ReadablePair> pairs;
  std::vector<uint32_t> ends;
  bool sound = bytes.size() >= sizeof(header);
  if (sound) {
    std::memcpy(&header, bytes.data(), sizeof(header));
    bytes.remove_prefix(sizeof(header));
    sound = TakeArray(header.rows, &bytes, &rows_) && TakeArray(header.frames, &bytes, &frames_) &&
            TakeArray(header.readable, &bytes, &pairs) && TakeArray(header.texts, &bytes, &ends) &&
            bytes.size() == header.text_bytes;
  }
  uint32_t begin = 0;
  for (size_t i = 0; sound && i < ends.size(); ++i) {
    sound = ends[i] >= begin && ends[i] <= bytes.size();
    // Texts are all different, so that they get the ids they had.
    sound = sound && texts_.Intern(bytes.substr(begin, ends[i] - begin)) == i;
    begin = ends[i];
  }
  sound = sound && IsSound();
  for (size_t i = 0; sound && i < pairs.size(); ++i) {
    sound = pairs[i].name < texts_.size() && pairs[i].readable < texts_.size();
    if (sound) readable_[Text(pairs[i].name)] = pairs[i];
  }
  if (!sound) {
    rows_.clear();
    frames_.clear();
    readable_.clear();
  }
  sorted_ = rows_.size();
  return sound;
}

}  // namespace cpprof::symbolize
