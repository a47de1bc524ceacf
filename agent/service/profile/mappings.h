// SPDX-License-Identifier: Apache-2.0
//
// The executable mappings of the process, as profiles list them: by them the
// analyzer turns addresses into functions, on another day and another machine.
//
// Two sources: what is mapped now, and the objects that recorded stacks lead
// through (hot::VisitModules), of which some are gone by now and others have
// come to lie where they were. Frames say which of them they mean.
#pragma once

#include <cstdint>
#include <span>
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
  // It is no longer, or not as a file; of interest only to frames in it.
  bool gone = false;
};

// Code that stacks lead through, as hot::ModuleCode.
struct KnownCode {
  uint64_t start;
  uint64_t limit;
  uint64_t offset;
  uint32_t generation;
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
  // Of this process. The main program's come first, then by address, then what
  // is gone.
  static Mappings OfThisProcess();

  // From the contents of a maps file; the mapping that contains `main_address`
  // marks the main program. `build_id` tells that of a line, given the address
  // at which its file's beginning is mapped (0 if it is not).
  template <typename BuildId>
  static Mappings Parse(std::string_view maps, uint64_t main_address, const BuildId& build_id);

  // Makes frames in `known` mean the mapping that they were recorded in.
  void AddHistory(std::span<const KnownCode> known);

  const std::vector<Mapping>& all() const { return all_; }
  // 1-based position in all() of a frame's word; 0 if it is in none.
  uint64_t IdOf(uintptr_t word) const;

 private:
  // What frames of one generation between two addresses mean.
  struct Stretch {
    uint32_t generation;
    uint64_t start;
    uint64_t limit;
    uint64_t id;
  };

  void Order(uint64_t main_address);
  uint64_t IdOfMapped(uint64_t address) const;
  bool IsStillMapped(const KnownCode& code, uint64_t* id) const;

  std::vector<Mapping> all_;
  // Positions in all_ of what is mapped, by ascending address.
  std::vector<uint32_t> by_address_;
  // By generation and address; within a generation they do not overlap.
  std::vector<Stretch> history_;
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
