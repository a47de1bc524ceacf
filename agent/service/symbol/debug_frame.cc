// SPDX-License-Identifier: Apache-2.0
#include "agent/service/symbol/debug_frame.h"

#include <algorithm>
#include <optional>
#include <string>
#include <unordered_map>

#include "agent/service/base/process.h"
#include "agent/service/log/log.h"
#include "agent/service/symbol/byte_cursor.h"
#include "agent/service/symbol/elf_file.h"

namespace pprofagent::service {
namespace {

// A section as it is in the file; decompressed it may have four times that.
constexpr size_t kLargestSection = hot::kDebugFrameLimit;

std::string Hex(const uint8_t* bytes, size_t size) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (size_t i = 0; i < size; ++i) {
    text += kDigits[bytes[i] / 16];
    text += kDigits[bytes[i] % 16];
  }
  return text;
}

// The records of a section, one after the other.
class DebugFrameReader {
 public:
  explicit DebugFrameReader(std::string_view section) : section_(section) {}

  // Calls visit(function, offset) for each FDE.
  template <typename Visit>
  void ForEachFunction(const Visit& visit) {
    uint64_t at = 0;
    while (at < section_.size()) {
      const std::optional<Record> record = ReadRecord(at);
      if (!record) return;
      if (!record->is_cie && HasPlainAddresses(record->cie)) {
        ByteCursor fields(record->rest);
        const auto function = fields.Number<uint64_t>();
        const auto size = fields.Number<uint64_t>();
        if (fields.ok() && size != 0) visit(function, at);
      }
      at = record->next;
    }
  }

 private:
  struct Record {
    bool is_cie;
    uint64_t cie;  // offset, of a FDE
    std::string_view rest;
    uint64_t next;
  };

  std::optional<Record> ReadRecord(uint64_t at) const {
    if (at >= section_.size()) return std::nullopt;
    ByteCursor in(section_.substr(at));
    uint64_t length = in.Number<uint32_t>();
    const bool is_64_bit = length == UINT32_MAX;
    if (is_64_bit) length = in.Number<uint64_t>();
    const size_t head = is_64_bit ? 12 : 4;
    ByteCursor body(in.Take(length));
    if (!in.ok()) return std::nullopt;
    Record record{};
    record.next = at + head + length;
    // A padding of zeros is records of no length.
    if (length == 0) return Record{true, 0, {}, record.next};
    record.cie = is_64_bit ? body.Number<uint64_t>() : body.Number<uint32_t>();
    if (!body.ok()) return std::nullopt;
    record.is_cie = record.cie == (is_64_bit ? UINT64_MAX : UINT32_MAX);
    record.rest = body.Take(body.left());
    return record;
  }

  // Whether addresses of the CIE's FDEs are numbers of 8 bytes; they are, unless
  // an augmentation or a segmented machine says otherwise.
  bool HasPlainAddresses(uint64_t cie) {
    const auto [known, is_new] = plain_.try_emplace(cie, false);
    if (!is_new) return known->second;
    const std::optional<Record> record = ReadRecord(cie);
    if (!record || !record->is_cie) return false;
    ByteCursor in(record->rest);
    const auto version = in.Number<uint8_t>();
    const std::string_view augmentation = in.Text();
    bool plain = in.ok() && augmentation.empty();
    if (version == 4) plain = plain && in.Number<uint8_t>() == 8 && in.Number<uint8_t>() == 0;
    known->second = plain && in.ok();
    return known->second;
  }

  const std::string_view section_;
  std::unordered_map<uint64_t, bool> plain_;
};

bool IsIn(const std::vector<CodeRange>& code, uint64_t address) {
  return std::any_of(code.begin(), code.end(), [address](const CodeRange& range) {
    return address >= range.begin && address < range.end;
  });
}

// Where the file with the object's .debug_frame may be: the object's own, else
// the debug information that was split off it.
std::vector<std::string> Candidates(const hot::WantedDebugFrame& wanted) {
  std::vector<std::string> paths = {*wanted.path != '\0' ? std::string(wanted.path)
                                                         : ProcSelf("exe")};
  if (wanted.build_id_size != 0) {
    const std::string id = Hex(wanted.build_id, wanted.build_id_size);
    paths.push_back("/usr/lib/debug/.build-id/" + id.substr(0, 2) + '/' + id.substr(2) + ".debug");
  }
  return paths;
}

void Refuse(const hot::WantedDebugFrame& wanted, const std::string& path, const std::string& why) {
  hot::RefuseDebugFrame(wanted.module);
  Log(LogLevel::kWarn, path + ": its .debug_frame section " + why +
                           "; stacks through code that only it describes are cut there");
}

// False: the file is not the object's, or has no such section.
bool LoadFrom(const std::string& path, const hot::WantedDebugFrame& wanted) {
  const ElfFile file(path);
  const Elf64_Shdr* section = file.Section(".debug_frame");
  if (section == nullptr) return false;
  if (wanted.build_id_size != 0 && file.BuildId() != Hex(wanted.build_id, wanted.build_id_size)) {
    return false;
  }
  std::vector<CodeRange> code;
  std::optional<uint64_t> begin;
  uint64_t code_bytes = 0;
  constexpr uint64_t kPage = 4096;
  for (const Elf64_Phdr& segment : file.segments()) {
    if (segment.p_type != PT_LOAD) continue;
    const uint64_t page = segment.p_vaddr & ~(kPage - 1);
    if (!begin) begin = page;
    if ((segment.p_flags & PF_X) == 0) continue;
    code.push_back({segment.p_vaddr, segment.p_vaddr + segment.p_memsz});
    code_bytes += ((segment.p_vaddr + segment.p_filesz + kPage - 1) & ~(kPage - 1)) - page;
  }
  if (!begin || (wanted.build_id_size == 0 && code_bytes != wanted.code_bytes)) return false;
  const std::string bytes = file.Contents(*section, kLargestSection);
  if (bytes.empty()) {
    Refuse(wanted, path,
           "is empty, larger than " + std::to_string(kLargestSection >> 20) +
               " MiB, or compressed in a way that is not known");
    return true;
  }
  const std::vector<hot::DebugFrame::Row> rows = FunctionsOfDebugFrame(bytes, code, *begin);
  const hot::DebugFrameSource source{
      .rows = rows.data(),
      .row_count = static_cast<uint32_t>(rows.size()),
      .section = reinterpret_cast<const uint8_t*>(bytes.data()),
      .section_bytes = bytes.size(),
      .file_begin = *begin,
  };
  if (!hot::GiveDebugFrame(wanted.module, source)) {
    Log(LogLevel::kWarn, path + ": no room for its .debug_frame section of " +
                             std::to_string(bytes.size()) +
                             " bytes; stacks through code that only it describes are cut there");
    return true;
  }
  Log(LogLevel::kInfo,
      path + ": .debug_frame describes " + std::to_string(rows.size()) + " functions");
  return true;
}

}  // namespace

std::vector<hot::DebugFrame::Row> FunctionsOfDebugFrame(std::string_view section,
                                                        const std::vector<CodeRange>& code,
                                                        uint64_t file_begin) {
  std::vector<hot::DebugFrame::Row> rows;
  DebugFrameReader(section).ForEachFunction([&](uint64_t function, uint64_t offset) {
    // Functions that the linker has left out have addresses that make no sense.
    if (!IsIn(code, function) || function < file_begin || function - file_begin > UINT32_MAX ||
        offset > UINT32_MAX) {
      return;
    }
    rows.push_back({static_cast<uint32_t>(function - file_begin), static_cast<uint32_t>(offset)});
  });
  std::stable_sort(rows.begin(), rows.end(),
                   [](const auto& a, const auto& b) { return a.function < b.function; });
  rows.erase(std::unique(rows.begin(), rows.end(),
                         [](const auto& a, const auto& b) { return a.function == b.function; }),
             rows.end());
  return rows;
}

void LoadWantedDebugFrames() {
  // What is asked for from here on may come too late for this round.
  hot::TakeDebugFrameNews();
  hot::WantedDebugFrame wanted;
  while (hot::NextWantedDebugFrame(&wanted)) {
    const std::vector<std::string> paths = Candidates(wanted);
    const bool loaded = std::any_of(paths.begin(), paths.end(),
                                    [&wanted](const auto& path) { return LoadFrom(path, wanted); });
    if (!loaded) hot::GiveDebugFrame(wanted.module, {});
  }
}

}  // namespace pprofagent::service
