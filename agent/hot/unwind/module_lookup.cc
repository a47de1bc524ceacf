// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/unwind/module_lookup.h"

#include <dlfcn.h>
#include <sys/auxv.h>

#include <atomic>
#include <cstring>

#include "agent/hot/unwind/elf_image.h"

// Older glibc lacks it; it must not keep the agent from being loaded.
#pragma weak _dl_find_object

namespace pprofagent::hot {

namespace {

constinit Module g_vdso = {};

// Where a module's build ID is, as an offset from its beginning; 0: it has none
// that could be found. Written and read like the entries of rule_cache.h: by
// anybody, without a lock, check ^ place being the key of the module.
struct Hint {
  std::atomic<uint64_t> check;
  std::atomic<uint64_t> place;
};

constexpr unsigned kHintBits = 8;
constinit Hint g_hints[1u << kHintBits] = {};

// Where and how large a module is and where its tables are. The lowest 12 bits
// are the same for all, so that halves of two hints never make a third: places
// have no more bits than these.
uint64_t KeyOf(const Module& module) {
  const auto size = static_cast<uint64_t>(module.end - module.begin);
  const auto header = static_cast<uint64_t>(module.eh_frame_hdr - module.begin);
  const uint64_t key = reinterpret_cast<uintptr_t>(module.begin) ^ (size << 24) ^ (header << 13);
  return key | 0xfff;
}

Hint& HintOf(const Module& module) {
  const uintptr_t page = reinterpret_cast<uintptr_t>(module.begin) >> 12;
  return g_hints[(page ^ (page >> kHintBits)) & ((1u << kHintBits) - 1)];
}

uint64_t FindBuildIdPlace(const Module& module, uint64_t key) {
  Hint& hint = HintOf(module);
  const uint64_t known = hint.place.load(std::memory_order_relaxed);
  if ((hint.check.load(std::memory_order_relaxed) ^ known) == key) return known;
  const uint64_t place = BuildIdOffset(module.begin, module.end);
  hint.place.store(place, std::memory_order_relaxed);
  hint.check.store(key ^ place, std::memory_order_relaxed);
  return place;
}

uint64_t Load(const uint8_t* at) {
  uint64_t value;
  memcpy(&value, at, sizeof(value));
  return value;
}

uint64_t IdentityOf(const Module& module) {
  const uint64_t key = KeyOf(module);
  const uint64_t place = FindBuildIdPlace(module, key);
  if (place != 0) return key ^ Load(module.begin + place);
  return key ^ WeakIdentity(module.begin, module.end, module.eh_frame_hdr);
}

bool FindLoadedObject(uintptr_t address, Module* module) {
  dl_find_object object;
  if (_dl_find_object == nullptr ||
      _dl_find_object(reinterpret_cast<void*>(address), &object) != 0) {
    return false;
  }
  module->begin = static_cast<const uint8_t*>(object.dlfo_map_start);
  module->end = static_cast<const uint8_t*>(object.dlfo_map_end);
  module->eh_frame_hdr = static_cast<const uint8_t*>(object.dlfo_eh_frame);
  module->identity = 0;
  return true;
}

}  // namespace

bool FindModule(uintptr_t address, Module* module) {
  if (FindLoadedObject(address, module)) {
    if (module->eh_frame_hdr != nullptr) module->identity = IdentityOf(*module);
    return true;
  }
  if (!g_vdso.Contains(address)) return false;
  *module = g_vdso;
  return true;
}

CfiModule TablesOf(const Module& module) {
  return ReadableTables(module.begin, module.end, module.eh_frame_hdr);
}

void InitializeModuleLookup() {
  const auto base = static_cast<uintptr_t>(getauxval(AT_SYSINFO_EHDR));
  if (base == 0) return;
  Module vdso{reinterpret_cast<const uint8_t*>(base), nullptr, nullptr, 0};
  if (!DescribeImage(vdso.begin, &vdso.end, &vdso.eh_frame_hdr)) return;
  vdso.identity = KeyOf(vdso);
  g_vdso = vdso;
}

}  // namespace pprofagent::hot
