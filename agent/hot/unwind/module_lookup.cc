// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/unwind/module_lookup.h"

#include <link.h>
#include <sys/auxv.h>

#include <atomic>
#include <cstring>
#include <initializer_list>

#include "agent/hot/unwind/debug_frame.h"
#include "agent/hot/unwind/elf_image.h"
#include "agent/hot/unwind/module_history.h"
#include "agent/hot/unwind/module_identity.h"

namespace pprofagent::hot {

constinit std::atomic<const ModuleRecord*> g_recent_modules[1u << kRecentModuleBits] = {};

namespace {

constinit Module g_vdso = {};

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
  TakeFromRecord(record, module);
}

}  // namespace

bool FindVdso(uintptr_t address, Module* module) {
  if (!g_vdso.Contains(address)) return false;
  *module = g_vdso;
  return true;
}

bool Stays(const Module& module) {
  return module.record != nullptr ? module.record->stays.load(std::memory_order_relaxed)
                                  : module.begin == g_vdso.begin && module.begin != nullptr;
}

bool FindModule(uintptr_t address, Module* module) {
  const link_map* loaded = nullptr;
  if (!AskLoader(address, module, &loaded)) return FindVdso(address, module);
  Identify(module, loaded);
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
  const uintptr_t entry = getauxval(AT_ENTRY);
  for (const uintptr_t address :
       {entry, reinterpret_cast<uintptr_t>(&getauxval), uintptr_t{getauxval(AT_BASE)}}) {
    Module module{};
    if (!FindModule(address, &module) || module.record == nullptr) continue;
    module.record->stays.store(true, std::memory_order_relaxed);
    if (address != entry) HasNoDebugFrame(module.record);
  }
  const auto base = static_cast<uintptr_t>(getauxval(AT_SYSINFO_EHDR));
  if (base == 0) return;
  Module vdso{reinterpret_cast<const uint8_t*>(base), nullptr, nullptr, 0, 0, nullptr};
  if (!DescribeImage(vdso.begin, &vdso.end, &vdso.eh_frame_hdr)) return;
  vdso.identity = KeyOf(vdso);
  g_vdso = vdso;
}

}  // namespace pprofagent::hot
