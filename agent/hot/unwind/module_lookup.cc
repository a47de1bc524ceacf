// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/unwind/module_lookup.h"

#include <dlfcn.h>
#include <link.h>
#include <sys/auxv.h>

#include <atomic>
#include <cstring>
#include <initializer_list>

#include "agent/hot/unwind/debug_frame.h"
#include "agent/hot/unwind/elf_image.h"
#include "agent/hot/unwind/frame_word.h"
#include "agent/hot/unwind/module_history.h"

// Older glibc lacks it; it must not keep the agent from being loaded.
#pragma weak _dl_find_object

namespace pprofagent::hot {

namespace {

constinit Module g_vdso = {};

constexpr uint64_t kWithDebugFrame = 0x5bd1e9955bd1e995u;

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
  module->record = record;
  module->identity = record->identity;
  // What was remembered of it before there was one is not found any more.
  if (record->debug_frame.load(std::memory_order_acquire) != nullptr) {
    module->identity ^= kWithDebugFrame;
  }
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
  module->record = nullptr;
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
  CfiModule tables = ReadableTables(module.begin, module.end, module.eh_frame_hdr);
  if (module.record != nullptr) {
    tables.debug_frame = module.record->debug_frame.load(std::memory_order_acquire);
  }
  return tables;
}

void WantRulesFromFile(const Module& module, uintptr_t address) {
  if (module.record == nullptr) return;
  for (uint32_t i = 0; i < module.record->code_segments; ++i) {
    const CodeSegment& code = module.record->code[i];
    if (address >= code.start && address < code.limit) WantDebugFrame(module.record);
  }
}

void WantRulesFromProgramFile() {
  const uintptr_t entry = getauxval(AT_ENTRY);
  Module program{};
  if (FindModule(entry, &program)) WantRulesFromFile(program, entry);
}

void InitializeModuleLookup() {
  // Every stack leads through these; their records then need not be made in the
  // middle of the program's first. The C library and the loader, whose first
  // function has no rules, have no others in their files.
  Module program{};
  FindModule(getauxval(AT_ENTRY), &program);
  for (const uintptr_t address :
       {reinterpret_cast<uintptr_t>(&getauxval), uintptr_t{getauxval(AT_BASE)}}) {
    Module module{};
    if (FindModule(address, &module) && module.record != nullptr) HasNoDebugFrame(module.record);
  }
  const auto base = static_cast<uintptr_t>(getauxval(AT_SYSINFO_EHDR));
  if (base == 0) return;
  Module vdso{reinterpret_cast<const uint8_t*>(base), nullptr, nullptr, 0, 0, nullptr};
  if (!DescribeImage(vdso.begin, &vdso.end, &vdso.eh_frame_hdr)) return;
  vdso.identity = KeyOf(vdso);
  g_vdso = vdso;
}

}  // namespace pprofagent::hot
