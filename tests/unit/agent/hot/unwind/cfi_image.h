// SPDX-License-Identifier: Apache-2.0
//
// Builds the unwind tables of a module with one function, byte by byte, in
// memory that ends at an unreadable page: a read past the tables is a fault.
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

#include "agent/hot/unwind/cfi.h"

namespace pprofagent::hot {

class GuardedBytes {
 public:
  // A copy of `bytes`.
  explicit GuardedBytes(const std::vector<uint8_t>& bytes);
  ~GuardedBytes();
  GuardedBytes(const GuardedBytes&) = delete;
  GuardedBytes& operator=(const GuardedBytes&) = delete;

  uint8_t* begin() const { return end_ - size_; }
  uint8_t* end() const { return end_; }

 private:
  uint8_t* mapping_;
  size_t mapped_;
  uint8_t* end_;
  size_t size_;
};

// .eh_frame_hdr, a CIE and a FDE, and the function that they are of, which
// begins kFunction bytes after the header and has kFunctionSize.
class CfiImage {
 public:
  using Bytes = std::vector<uint8_t>;
  static constexpr int32_t kFunction = 0x10000;
  static constexpr int32_t kFunctionSize = 0x100;

  // The usual CIE's program: CFA is rsp + 8, the return address at CFA - 8.
  static Bytes UsualInitial() { return {0x0c, 7, 8, 0x90, 1}; }

  // `augmentation` and its data as in a CIE, with 'z'; versions 1, 3 and 4.
  explicit CfiImage(const Bytes& program, const Bytes& initial = UsualInitial(),
                    const char* augmentation = "zR", const Bytes& augmentation_data = {0x1b},
                    uint8_t version = 1);

  CfiModule module() const { return {bytes_.begin(), bytes_.end(), bytes_.begin()}; }
  uintptr_t function() const {
    return reinterpret_cast<uintptr_t>(bytes_.begin()) + uintptr_t{kFunction};
  }
  const GuardedBytes& bytes() const { return bytes_; }

 private:
  GuardedBytes bytes_;
};

}  // namespace pprofagent::hot
