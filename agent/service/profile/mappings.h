// SPDX-License-Identifier: Apache-2.0
//
// The executable mappings of the process, as profiles list them: by them the
// analyzer turns addresses into functions, on another day and another machine.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pprofagent::service {

struct Mapping {
  uint64_t start;
  uint64_t limit;  // first address beyond
  uint64_t offset;
  // Without " (deleted)"; "[vdso]" as the kernel calls it.
  std::string file;
  std::string build_id;
};

// A line of /proc/self/maps.
struct MapsLine {
  uint64_t start;
  uint64_t limit;
  bool executable;
  uint64_t offset;
  uint64_t device;
  uint64_t inode;
  std::string file;
};

// False if the line is not of the kernel's form.
bool ParseMapsLine(std::string_view line, MapsLine* parsed);

class Mappings {
 public:
  // Of this process, now. The main program's come first, then by address.
  static Mappings OfThisProcess();

  // From the contents of a maps file; the mapping that contains `main_address`
  // marks the main program. `build_id` tells that of a line, given the address
  // at which its file's beginning is mapped (0 if it is not).
  template <typename BuildId>
  static Mappings Parse(std::string_view maps, uint64_t main_address, const BuildId& build_id);

  const std::vector<Mapping>& all() const { return all_; }
  // 1-based position in all(); 0 if the address is in none.
  uint64_t IdOf(uint64_t address) const;

 private:
  void Order(uint64_t main_address);

  std::vector<Mapping> all_;
  // Positions in all_ by ascending address.
  std::vector<uint32_t> by_address_;
};

// The executable lines that belong into a profile, in the order of the file,
// each with the address where its file's beginning is mapped.
struct ExecutableLine {
  MapsLine line;
  uint64_t header_address;
};
std::vector<ExecutableLine> ExecutableLines(std::string_view maps);

template <typename BuildId>
Mappings Mappings::Parse(std::string_view maps, uint64_t main_address, const BuildId& build_id) {
  Mappings mappings;
  for (ExecutableLine& entry : ExecutableLines(maps)) {
    std::string id = build_id(entry.line, entry.header_address);
    mappings.all_.push_back({entry.line.start, entry.line.limit, entry.line.offset,
                             std::move(entry.line.file), std::move(id)});
  }
  mappings.Order(main_address);
  return mappings;
}

}  // namespace pprofagent::service
