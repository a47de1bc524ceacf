// SPDX-License-Identifier: Apache-2.0
//
// Answers "which functions, files and lines are these addresses?" from DWARF, for many addresses at
// once. Asking libdw address by address walks a unit's entries every time and takes 15 ms in a
// program with large units; here the addresses come sorted, each unit that holds any of them is
// walked once, and only functions that hold one are entered:
//
//     addresses  |.. .  |    .... .|   ..      sorted
//     units      [ u1  ][ u2     ][  u3 ]      ranges of all units, sorted once
//     functions    [f][g]  [h]                 found in one walk of u1, of u2, ...
//
// libdw keeps what it has decoded until the Dwarf is closed, several times the size of the debug
// information in the end. So the reader closes and reopens it when the units visited since have
// grown past a budget; the answers are handed out unit by unit for the same reason.
//
// The data is untrusted: what libdw refuses is left out, recursion and chains are bounded.
#pragma once

#include <elfutils/libdw.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tools/elf/file.h"
#include "tools/symbolize/frame.h"

namespace cpprof::symbolize {

class DwarfReader {
 public:
  // Called with the index of an address and its frames, innermost first; the views in them are
  // valid during the call. Not called for an address without debug information.
  using Sink = std::function<void(size_t index, std::span<const Frame> frames)>;

  // The path of the debug file with this build id, or nothing.
  using Finder = std::function<std::string(const std::string& build_id)>;

  // `file` must outlive the reader. Debug files may refer to one that several of them share (dwz);
  // where it is not in its place, `find_shared` is asked for it.
  explicit DwarfReader(const elf::File& file, Finder find_shared = nullptr)
      : file_(file), find_shared_(std::move(find_shared)) {}

  // `addresses` are symbol addresses in ascending order.
  void Resolve(std::span<const uint64_t> addresses, const Sink& sink);
  // False when Resolve has met units, or names, that lie in another file that is not there.
  bool complete() const { return complete_; }

 private:
  struct UnitRange {
    uint64_t begin = 0;
    uint64_t end = 0;
    uint64_t unit = 0;  // offset of the unit's entry
  };

  // The address with this index lies in this unit.
  struct Placed {
    uint64_t unit = 0;
    size_t index = 0;
  };

  bool Open();
  void AttachShared();
  std::vector<UnitRange> ReadUnitRanges();
  // Sorted by unit, then by index; addresses in no unit are left out.
  std::vector<Placed> PlaceInUnits(std::span<const uint64_t> addresses);
  // Resolves addresses of one unit; returns how much libdw may have decoded for it.
  size_t ResolveInUnit(std::span<const Placed> placed, std::span<const uint64_t> addresses,
                       const Sink& sink);

  struct Closer {
    void operator()(Dwarf* dwarf) const { dwarf_end(dwarf); }
  };

  const elf::File& file_;
  Finder find_shared_;
  bool complete_ = true;
  std::unique_ptr<elf::File> shared_file_;
  std::unique_ptr<Dwarf, Closer> shared_;
  std::unique_ptr<Dwarf, Closer> dwarf_;
};

}  // namespace cpprof::symbolize
