// SPDX-License-Identifier: Apache-2.0
//
// Room for those parts of a module's tables that one look-up reads, where the
// module may be unmapped at any moment (vanishing_module.h): each is copied by the
// kernel, which fails where we would fault (rt/copy_memory.h), and parsed as the
// original is. The rules found may have expressions that lie in here; they are
// good until the next look-up.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pprofagent::hot {

struct TableCopies {
  // Functions of libraries of 100 MB have 4 KiB at the most.
  static constexpr size_t kFdeBytes = size_t{16} << 10;
  static constexpr size_t kCieBytes = 512;

  // Of the sorted table in .eh_frame_hdr so many rows are copied together: the
  // last steps of a search are near each other.
  static constexpr size_t kRows = 32;
  struct Row {
    int32_t function;
    int32_t fde;
  };

  uint8_t header[32];
  Row rows[kRows];
  uint8_t fde[kFdeBytes];
  uint8_t cie[kCieBytes];
  // Something could not be had: the module is gone, or a record has no room. What
  // was found, or not found, means nothing.
  bool failed;
};

}  // namespace pprofagent::hot
