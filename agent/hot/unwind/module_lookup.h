// SPDX-License-Identifier: Apache-2.0
//
// From an address to the loaded object it lies in, by the loader's own
// lock-free index (_dl_find_object, glibc 2.35), which knows of dlopen and
// dlclose at once. The vDSO is known besides.
//
// A module comes with an identity, so that what was learnt about code at an
// address is not applied to other code loaded there later. Where, how large and
// how its tables lie does not tell two builds of a plugin apart; the build ID
// does. Its place is found once per module and kept in the module's record
// (module_history.h), which a small table of those met lately leads to; the ID
// itself is read anew each time (2 ns). Objects without a build ID are told
// apart by the size of the file and of its tables, and the first and last of
// their functions.
#pragma once

#include <cstdint>

#include "agent/hot/unwind/cfi.h"
#include "agent/hot/unwind/frame_word.h"

namespace pprofagent::hot {

struct ModuleRecord;

struct Module {
  // All that the loader mapped for it.
  const uint8_t* begin;
  const uint8_t* end;
  // Null: it has no unwind tables in memory.
  const uint8_t* eh_frame_hdr;
  uint64_t identity;
  // What its frames carry in their upper bits (frame_word.h).
  uint64_t generation;
  // Null: it has none.
  const ModuleRecord* record;

  // As stacks keep it.
  uintptr_t FrameWord(uintptr_t address) const {
    return (address & kFrameAddressMask) | generation;
  }

  bool Contains(uintptr_t address) const {
    const auto low = reinterpret_cast<uintptr_t>(begin);
    return address - low < static_cast<uintptr_t>(end - begin);
  }
};

// False: the address is in no loaded object (generated code, garbage), or libc
// is too old to say. Reads the object: for addresses in code that the calling
// thread is in, hence cannot be unloaded (all others: vanishing_module.h).
// Async-signal-safe, lock-free.
bool FindModule(uintptr_t address, Module* module);

// Whether it is certain that it is never unloaded: the program, the C library, the
// loader and the vDSO, which most frames are in. Async-signal-safe.
bool Stays(const Module& module);

// The part of the module that its tables may lie in: there may be unmapped
// holes between segments, and a corrupt table may point there. With what the
// service has read in its file. Async-signal-safe.
CfiModule TablesOf(const Module& module);

// Asks for what only the module's file may tell, if `address` is in its code.
// Async-signal-safe.
void WantRulesFromFile(const Module& module, uintptr_t address);
// Of the program, without waiting for its first stack. At start.
void WantRulesFromProgramFile();

// Finds the vDSO, and gets to know the program and libc. At start.
void InitializeModuleLookup();

}  // namespace pprofagent::hot
