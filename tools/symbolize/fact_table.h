// SPDX-License-Identifier: Apache-2.0
//
// What a program's files say about addresses, before anything is made of it: the frames of the
// debug information and what the symbol tables answer. It is the same whatever tool's style the
// report follows (answer.h), and as long as the files are the same; so it is also what the cache
// keeps (symbol_cache.h), together with the readable forms of the names it has.
//
//     rows      one an address, sorted      address, its frames, three answers of symbol tables
//     frames    slices of it belong to rows
//     texts     names and files; a TextId is an index, 0 is ""
//     readable  how names are shown, of those of which somebody has found out
//
// Rows and frames are written to the cache as they are in memory.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tools/elf/symbols.h"
#include "tools/profile/string_table.h"
#include "tools/symbolize/frame.h"

namespace cpprof::symbolize {

// What is known about one address. Views are valid as long as the table.
struct Facts {
  std::vector<Frame> frames;
  // The function that holds the address: of several names, the one the frames have.
  std::string_view function;
  std::string_view function_file;
  // The answers of addr2line's and nm's searches (elf/symbols.h).
  std::string_view nearest_function;
  std::string_view nearest_file;
  uint64_t nearest_address = 0;
  std::string_view nearest_own;
  bool has_function = false;
  bool has_nearest = false;
  bool has_own = false;
};

class FactTable {
 public:
  using TextId = uint32_t;

  FactTable() = default;
  FactTable(const FactTable&) = delete;
  FactTable& operator=(const FactTable&) = delete;

  size_t size() const { return rows_.size(); }
  // Whether anything was added that a loaded table did not have.
  bool changed() const { return changed_; }

  // Those of `addresses` (sorted) that have no row.
  std::vector<uint64_t> Missing(std::span<const uint64_t> addresses) const;
  // Adds a row; call Finish when all are there. `symbols` are the best there are, `own` those of
  // the mapped file itself.
  void Add(uint64_t address, std::span<const Frame> frames, const elf::SymbolTable& symbols,
           const elf::SymbolTable& own);
  void Finish();
  // False when nothing is known about the address, not even that there is nothing.
  bool Find(uint64_t address, Facts* facts) const;

  // How a name of this table is shown, if that is known already.
  std::string_view Readable(std::string_view name) const;
  void SetReadable(std::string_view name, std::string_view readable);

  // The table as bytes, and back. Bytes that no table can have made give false and an empty table;
  // whether they are those that were written is the cache's business.
  std::string Serialize() const;
  bool Parse(std::string_view bytes);

 private:
  struct Row {
    uint64_t address = 0;
    uint64_t nearest_address = 0;
    uint32_t first_frame = 0;
    uint32_t frame_count = 0;
    TextId function = 0;
    TextId function_file = 0;
    TextId nearest_function = 0;
    TextId nearest_file = 0;
    TextId nearest_own = 0;
    uint32_t found = 0;  // bits: function, nearest, own
  };
  struct FrameRow {
    uint64_t instance = 0;
    uint64_t entry = 0;
    TextId function = 0;
    TextId file = 0;
    int32_t line = 0;
    int32_t column = 0;
    int32_t start_line = 0;
    uint32_t linkage = 0;
  };
  struct Header {
    uint64_t rows = 0;
    uint64_t frames = 0;
    uint64_t texts = 0;
    uint64_t text_bytes = 0;
    uint64_t readable = 0;  // pairs of TextId
  };
  struct ReadablePair {
    TextId name = 0;
    TextId readable = 0;
  };

  std::string_view Text(TextId id) const { return texts_.View(id); }
  const Row* FindRow(uint64_t address) const;
  bool IsSound() const;

  std::vector<Row> rows_;
  size_t sorted_ = 0;  // the first so many rows are in order
  std::vector<FrameRow> frames_;
  profile::StringTable texts_;
  std::unordered_map<std::string_view, ReadablePair> readable_;  // by the name
  bool changed_ = false;
};

}  // namespace cpprof::symbolize
