// SPDX-License-Identifier: Apache-2.0
//
// What a return address returns from, by the call instruction before it: a proof
// that a word on a stack is one. Code is read by copies, for nothing here knows
// which pages of a module are mapped, nor whether it stays.
//
// All functions are async-signal-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>

namespace pprofagent::hot {

// Some bytes of code.
struct Code {
  uint8_t bytes[48];
  size_t size;

  static Code At(uintptr_t address);
  bool Has(size_t at, std::initializer_list<uint8_t> wanted) const;
  bool Read32(size_t at, int32_t* value) const;
};

struct Call {
  enum Kind : uint8_t { kNone, kDirect, kIndirect };
  Kind kind;
  // Where it goes: by way of its PLT entry, if it has one. Of an indirect call what
  // the pointer in memory holds now, if the instruction alone tells where that is;
  // otherwise 0.
  uintptr_t target;
};

Call CallBefore(uintptr_t return_address);

}  // namespace pprofagent::hot
