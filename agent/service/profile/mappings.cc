// SPDX-License-Identifier: Apache-2.0
#include "agent/service/profile/mappings.h"

#include <sys/auxv.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <charconv>
#include <numeric>
#include <utility>

#include "agent/hot/snapshot.h"
#include "agent/service/base/descriptor.h"
#include "agent/service/base/process.h"
#include "agent/service/profile/build_id.h"

namespace pprofagent::service {
namespace {

// Reads a number and the character that must follow it.
bool TakeNumber(std::string_view* text, int base, char end, uint64_t* value) {
  const auto [next, error] =
      std::from_chars(text->data(), text->data() + text->size(), *value, base);
  const auto used = static_cast<size_t>(next - text->data());
  if (error != std::errc() || used >= text->size() || *next != end) return false;
  text->remove_prefix(used + 1);
  return true;
}

bool IsOctal(char c) { return c >= '0' && c <= '7'; }

// The kernel writes a line feed in a path as \012.
std::string Unescaped(std::string_view path) {
  std::string plain;
  for (size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '\\' && i + 3 < path.size() && IsOctal(path[i + 1]) && IsOctal(path[i + 2]) &&
        IsOctal(path[i + 3])) {
      plain += static_cast<char>((path[i + 1] - '0') * 64 + (path[i + 2] - '0') * 8 +
                                 (path[i + 3] - '0'));
      i += 3;
    } else {
      plain += path[i];
    }
  }
  return plain;
}

std::string FileOf(std::string_view rest) {
  const size_t begin = rest.find_first_not_of(' ');
  if (begin == std::string_view::npos) return std::string();
  rest.remove_prefix(begin);
  constexpr std::string_view kDeleted = " (deleted)";
  if (rest.ends_with(kDeleted)) rest.remove_suffix(kDeleted.size());
  return Unescaped(rest);
}

// Remembers where the file mapped last had its beginning.
struct LastHeader {
  uint64_t address = 0;
  uint64_t device = 0;
  uint64_t inode = 0;

  void See(const MapsLine& line) {
    if (line.offset == 0) *this = {line.start, line.device, line.inode};
  }
  uint64_t Of(const MapsLine& line) const {
    return line.device == device && line.inode == inode ? address : 0;
  }
};

std::vector<KnownCode> KnownCodeOfThisProcess() {
  std::vector<KnownCode> known;
  hot::VisitModules(
      [](void* context, const hot::ModuleCode& code) {
        const std::string_view id(reinterpret_cast<const char*>(code.build_id), code.build_id_size);
        static_cast<std::vector<KnownCode>*>(context)->push_back(
            {code.start, code.limit, code.offset, code.generation,
             *code.path != '\0' ? std::string(code.path) : ExecutablePath(), ToHex(id)});
      },
      &known);
  return known;
}

uint64_t MainAddress() { return getauxval(AT_ENTRY); }

}  // namespace

bool ParseMapsLine(std::string_view line, MapsLine* parsed) {
  // start-limit rwxp offset major:minor inode      path
  constexpr size_t kPermissions = 4;
  if (!TakeNumber(&line, 16, '-', &parsed->start)) return false;
  if (!TakeNumber(&line, 16, ' ', &parsed->limit)) return false;
  if (line.size() <= kPermissions || line[kPermissions] != ' ') return false;
  parsed->executable = line[2] == 'x';
  line.remove_prefix(kPermissions + 1);
  uint64_t major_number = 0;
  uint64_t minor_number = 0;
  if (!TakeNumber(&line, 16, ' ', &parsed->offset)) return false;
  if (!TakeNumber(&line, 16, ':', &major_number)) return false;
  if (!TakeNumber(&line, 16, ' ', &minor_number)) return false;
  parsed->device =
      makedev(static_cast<unsigned>(major_number), static_cast<unsigned>(minor_number));
  // A mapping without a file may end right behind the inode.
  const std::string_view inode = line.substr(0, line.find(' '));
  const auto [end, error] =
      std::from_chars(inode.data(), inode.data() + inode.size(), parsed->inode, 10);
  if (error != std::errc() || end != inode.data() + inode.size()) return false;
  line.remove_prefix(inode.size());
  parsed->file = FileOf(line);
  return parsed->start < parsed->limit;
}

std::vector<ExecutableLine> ExecutableLines(std::string_view maps) {
  std::vector<ExecutableLine> lines;
  LastHeader header;
  while (!maps.empty()) {
    const size_t end = maps.find('\n');
    const std::string_view text = maps.substr(0, end);
    maps.remove_prefix(end == std::string_view::npos ? maps.size() : end + 1);
    MapsLine line;
    if (!ParseMapsLine(text, &line)) continue;
    header.See(line);
    // Code without a file was generated at run time: no binary can explain it.
    if (!line.executable || line.file.empty()) continue;
    // The file is read piecemeal and may change in between: a line seen twice.
    if (!lines.empty() && line.start < lines.back().line.limit) continue;
    const uint64_t header_address = header.Of(line);
    lines.push_back({std::move(line), header_address});
  }
  return lines;
}

void Mappings::Order(uint64_t main_address) {
  const auto contains_main = [main_address](const Mapping& mapping) {
    return mapping.start <= main_address && main_address < mapping.limit;
  };
  const auto main = std::find_if(all_.begin(), all_.end(), contains_main);
  if (main != all_.end()) {
    const std::string file = main->file;
    std::stable_partition(all_.begin(), all_.end(),
                          [&file](const Mapping& mapping) { return mapping.file == file; });
  }
  by_address_.resize(all_.size());
  std::iota(by_address_.begin(), by_address_.end(), 0u);
  std::sort(by_address_.begin(), by_address_.end(),
            [this](uint32_t a, uint32_t b) { return all_[a].start < all_[b].start; });
}

uint64_t Mappings::IdOfMapped(uint64_t address) const {
  const auto above = std::upper_bound(
      by_address_.begin(), by_address_.end(), address,
      [this](uint64_t wanted, uint32_t index) { return wanted < all_[index].start; });
  if (above == by_address_.begin()) return 0;
  const uint32_t index = *(above - 1);
  return address < all_[index].limit ? index + 1 : 0;
}

// Not by its name alone: a library may have been replaced. Parts of it may have
// got other permissions, so only where its beginning lies is compared.
bool Mappings::IsStillMapped(const KnownCode& code, uint64_t* id) const {
  *id = IdOfMapped(code.start);
  if (*id == 0) return false;
  const Mapping& mapping = all_[*id - 1];
  if (mapping.start - mapping.offset != code.start - code.offset) return false;
  if (!code.build_id.empty() || !mapping.build_id.empty()) {
    return code.build_id == mapping.build_id;
  }
  // Nothing else is known of either; a later one in the same place may be another.
  return code.generation == 0 && (code.file.empty() || code.file == mapping.file);
}

void Mappings::AddHistory(std::span<const KnownCode> known) {
  for (const KnownCode& code : known) {
    uint64_t id = 0;
    if (IsStillMapped(code, &id)) {
      // The first generation needs no entry: its frames are found by address.
      if (code.generation == 0) continue;
    } else {
      all_.push_back({code.start, code.limit, code.offset, code.file, code.build_id, true});
      id = all_.size();
    }
    history_.push_back({code.generation, code.start, code.limit, id});
  }
  std::sort(history_.begin(), history_.end(), [](const Stretch& a, const Stretch& b) {
    return std::pair(a.generation, a.start) < std::pair(b.generation, b.start);
  });
}

uint64_t Mappings::IdOf(uintptr_t word) const {
  const uint32_t generation = hot::FrameGeneration(word);
  const uint64_t address = hot::FrameAddress(word);
  const auto above =
      std::upper_bound(history_.begin(), history_.end(), std::pair(generation, address),
                       [](const auto& wanted, const Stretch& stretch) {
                         return wanted < std::pair(stretch.generation, stretch.start);
                       });
  if (above != history_.begin()) {
    const Stretch& stretch = *(above - 1);
    if (stretch.generation == generation && address < stretch.limit) return stretch.id;
  }
  return generation == 0 ? IdOfMapped(address) : 0;
}

Mappings Mappings::OfThisProcess() {
  std::string maps;
  ReadFile(ProcSelf("maps"), &maps);
  const BuildIdReader reader;
  const auto build_id = [&reader](const MapsLine& line, uint64_t header_address) {
    std::string id = reader.FromMemory(header_address);
    if (id.empty() && line.inode != 0) id = reader.FromFile(line.file, line.device, line.inode);
    return id;
  };
  Mappings mappings = Parse(maps, MainAddress(), build_id);
  mappings.AddHistory(KnownCodeOfThisProcess());
  return mappings;
}

}  // namespace pprofagent::service
