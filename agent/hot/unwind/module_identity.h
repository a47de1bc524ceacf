// SPDX-License-Identifier: Apache-2.0
//
// What the two ways to find a module have in common (module_lookup.h,
// vanishing_module.h): what the loader says, and the table of those met lately.
#pragma once

#include <dlfcn.h>
#include <link.h>

#include <atomic>

#include "agent/hot/unwind/module_history.h"
#include "agent/hot/unwind/module_lookup.h"

// Older glibc lacks it; it must not keep the agent from being loaded.
#pragma weak _dl_find_object

namespace pprofagent::hot {

// Objects met lately, by where they begin.
inline constexpr unsigned kRecentModuleBits = 8;
// NOLINTNEXTLINE(bugprone-dynamic-static-initializers): it is constinit
extern constinit std::atomic<const ModuleRecord*> g_recent_modules[1u << kRecentModuleBits];

inline std::atomic<const ModuleRecord*>& RecentOf(const Module& module) {
  const uintptr_t page = reinterpret_cast<uintptr_t>(module.begin) >> 12;
  return g_recent_modules[(page ^ (page >> kRecentModuleBits)) & ((1u << kRecentModuleBits) - 1)];
}

// Where and how large a module is and where its tables are.
inline uint64_t KeyOf(const Module& module) {
  const auto size = static_cast<uint64_t>(module.end - module.begin);
  const auto header = static_cast<uint64_t>(module.eh_frame_hdr - module.begin);
  return reinterpret_cast<uintptr_t>(module.begin) ^ (size << 24) ^ (header << 13);
}

// All but what tells the module from others that have been in its place. The
// loader's index is safe to read while objects come and go; what it leads to is
// another matter.
inline bool AskLoader(uintptr_t address, Module* module, const link_map** loaded) {
  dl_find_object object;
  if (_dl_find_object == nullptr ||
      _dl_find_object(reinterpret_cast<void*>(address), &object) != 0) {
    return false;
  }
  module->begin = static_cast<const uint8_t*>(object.dlfo_map_start);
  module->end = static_cast<const uint8_t*>(object.dlfo_map_end);
  module->eh_frame_hdr = static_cast<const uint8_t*>(object.dlfo_eh_frame);
  module->identity = 0;
  module->generation = 0;
  module->record = nullptr;
  *loaded = object.dlfo_link_map;
  return true;
}

inline void TakeFromRecord(const ModuleRecord* record, Module* module) {
  constexpr uint64_t kWithDebugFrame = 0x5bd1e9955bd1e995u;
  module->record = record;
  module->identity = record->identity;
  // What was remembered of it before there was one is not found any more.
  if (record->debug_frame.load(std::memory_order_acquire) != nullptr) {
    module->identity ^= kWithDebugFrame;
  }
  module->generation = uint64_t{record->generation} << kFrameAddressBits;
}

// The vDSO, if the address is in it. It stays.
bool FindVdso(uintptr_t address, Module* module);

}  // namespace pprofagent::hot
