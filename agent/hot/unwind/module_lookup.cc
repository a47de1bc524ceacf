// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/unwind/module_lookup.h"

#include <dlfcn.h>
#include <link.h>
#include <sys/auxv.h>

#include <atomic>
#include <cstring>
#include <initializer_list>

#include "agent/hot/unwind/elf_image.h"
#include "agent/hot/unwind/frame_word.h"
#include "agent/hot/unwind/module_history.h"

// Older glibc lacks it; it must not keep the agent from being loaded.
#pragma weak _dl_find_object

namespace pprofagent::hot {

namespace {

constinit Module g_vdso = {};

// Objects met lately, by where they begin.
constexpr unsigned kRecentBits = 8;
constinit std::atomic<const ModuleRecord*> g_recent[1u << kRecentBits] = {};

// Where and how large a module is and where its tables are.
uint64_t KeyOf(const Module& module) {
  const auto size = static_cast<uint64_t>(module.end - module.begin);
  const auto header = static_cast<uint64_t>(module.eh_frame_hdr - module.begin);
  return reinterpret_cast<uintptr_t>(module.begin) ^ (size << 24) ^ (header << 13);
}

std::atomic<const ModuleRecord*>& RecentOf(const Module& module) {
  const uintptr_t page = reinterpret_cast<uintptr_t>(module.begin) >> 12;
  return g_recent[(page ^ (page >> kRecentBits)) & ((1u << kRecentBits) - 1)];
}

uint64_t Load(const uint8_t* at) {
  uint64_t value;
  memcpy(&value, at, sizeof(value));
  return value;
}

uint64_t IdentityOf(const Module& module, uint64_t key, const BuildIdPlace& build_id) {
  if (build_id.size != 0) return key ^ Load(module.begin + build_id.offset);
  return key ^ WeakIdentity(module.begin, module.end, module.eh_frame_hdr);
}

// Fills in what tells the module from others that have been in its place.
void Identify(Module* module, const link_map* loaded) {
  const uint64_t key = KeyOf(*module);
  std::atomic<const ModuleRecord*>& recent = RecentOf(*module);
  const ModuleRecord* record = recent.load(std::memory_order_acquire);
  if (record == nullptr || record->key != key ||
      IdentityOf(*module, key, record->build_id_place) != record->identity) {
    const BuildIdPlace build_id = FindBuildId(module->begin, module->end);
    const uint64_t identity = IdentityOf(*module, key, build_id);
    record = RecordModule({identity, key, module->begin, module->end, build_id, loaded->l_name});
    if (record == nullptr) {
      module->identity = identity;
      return;
    }
    recent.store(record, std::memory_order_release);
  }
  module->identity = record->identity;
  module->generation = uint64_t{record->generation} << kFrameAddressBits;
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
  module->generation = 0;
  Identify(module, object.dlfo_link_map);
  return true;
}

}  // namespace

bool FindModule(uintptr_t address, Module* module) {
  if (FindLoadedObject(address, module)) return true;
  if (!g_vdso.Contains(address)) return false;
  *module = g_vdso;
  return true;
}

CfiModule TablesOf(const Module& module) {
  return ReadableTables(module.begin, module.end, module.eh_frame_hdr);
}

void InitializeModuleLookup() {
  // Every stack leads through these; their records then need not be made in the
  // middle of the program's first.
  for (const auto address :
       {static_cast<uintptr_t>(getauxval(AT_ENTRY)), reinterpret_cast<uintptr_t>(&getauxval)}) {
    Module module{};
    FindModule(address, &module);
  }
  const auto base = static_cast<uintptr_t>(getauxval(AT_SYSINFO_EHDR));
  if (base == 0) return;
  Module vdso{reinterpret_cast<const uint8_t*>(base), nullptr, nullptr, 0, 0};
  if (!DescribeImage(vdso.begin, &vdso.end, &vdso.eh_frame_hdr)) return;
  vdso.identity = KeyOf(vdso);
  g_vdso = vdso;
}

}  // namespace pprofagent::hot
