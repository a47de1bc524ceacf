// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/unwind/vanishing_module.h"

#include <cstddef>

#include "agent/hot/rt/copy_memory.h"
#include "agent/hot/unwind/elf_image.h"
#include "agent/hot/unwind/module_history.h"
#include "agent/hot/unwind/module_identity.h"

namespace pprofagent::hot {

namespace {

constexpr size_t kPage = 4096;
constexpr size_t kLongestName = 1024;

constinit TableCopies g_copies = {};

uintptr_t AddressOf(const void* pointer) { return reinterpret_cast<uintptr_t>(pointer); }

size_t SizeOf(const Module& module) { return static_cast<size_t>(module.end - module.begin); }

bool CopyFirstPage(const Module& module, uint8_t (&page)[kPage]) {
  const size_t wanted = SizeOf(module) < kPage ? SizeOf(module) : kPage;
  return CopyMemory(AddressOf(module.begin), page, wanted) == wanted;
}

// As IdentityOf in module_lookup.cc. `page`: the module's first, or null.
[[gnu::noinline]] bool CopyIdentityWithoutBuildId(const Module& module, const uint8_t* page,
                                                  uint64_t* identity) {
  uint8_t copy[kPage];
  if (page == nullptr) {
    if (!CopyFirstPage(module, copy)) return false;
    page = copy;
  }
  return CopyWeakIdentity(page, module.begin, module.end, module.eh_frame_hdr, identity);
}

bool CopyIdentity(const Module& module, const BuildIdPlace& build_id, const uint8_t* page,
                  uint64_t* identity) {
  const bool read = build_id.size != 0
                        ? CopyObject(AddressOf(module.begin) + build_id.offset, identity)
                        : CopyIdentityWithoutBuildId(module, page, identity);
  *identity ^= KeyOf(module);
  return read;
}

// Of an object that the loader may have freed.
bool CopyName(const link_map* loaded, char (&name)[kLongestName]) {
  link_map copy;
  if (!CopyObject(AddressOf(loaded), &copy)) return false;
  const size_t copied = CopyMemory(AddressOf(copy.l_name), name, sizeof(name));
  for (size_t i = 0; i < copied; ++i) {
    if (name[i] == '\0') return true;
  }
  return false;
}

bool IsLoaded(const Module& module, const link_map* loaded) {
  Module now{};
  const link_map* loaded_now = nullptr;
  return AskLoader(AddressOf(module.begin), &now, &loaded_now) && loaded_now == loaded &&
         now.begin == module.begin && now.end == module.end &&
         now.eh_frame_hdr == module.eh_frame_hdr;
}

// Of a module that has no record yet, or is not the one that was last there.
[[gnu::noinline]] bool MeetModule(Module* module, const link_map* loaded) {
  uint8_t page[kPage] = {};
  char name[kLongestName];
  if (!CopyFirstPage(*module, page)) return false;
  // It looks at the first page only.
  const size_t size = SizeOf(*module) < kPage ? SizeOf(*module) : kPage;
  const BuildIdPlace build_id = FindBuildId(page, page + size);
  uint64_t identity = 0;
  if (!CopyIdentity(*module, build_id, page, &identity)) return false;
  const bool named = CopyName(loaded, name);
  uint64_t afterwards = 0;
  if (!CopyIdentity(*module, build_id, nullptr, &afterwards) || afterwards != identity ||
      !IsLoaded(*module, loaded)) {
    return false;
  }
  module->identity = identity;
  if (!named) return true;
  const ModuleRecord* record =
      RecordModule({identity, KeyOf(*module), module->begin, module->end, build_id, name, page});
  if (record == nullptr) return true;
  RecentOf(*module).store(record, std::memory_order_release);
  TakeFromRecord(record, module);
  return true;
}

}  // namespace

bool FindVanishingModule(uintptr_t address, Module* module) {
  const link_map* loaded = nullptr;
  if (!AskLoader(address, module, &loaded)) return FindVdso(address, module);
  const ModuleRecord* record = RecentOf(*module).load(std::memory_order_acquire);
  if (record != nullptr && record->key == KeyOf(*module)) {
    uint64_t identity = record->identity;
    if (!record->stays.load(std::memory_order_relaxed) &&
        !CopyIdentity(*module, record->build_id_place, nullptr, &identity)) {
      return false;
    }
    if (identity == record->identity) {
      TakeFromRecord(record, module);
      return true;
    }
  }
  return MeetModule(module, loaded);
}

bool IsInModule(uintptr_t address) {
  Module module{};
  const link_map* loaded = nullptr;
  return AskLoader(address, &module, &loaded) || FindVdso(address, &module);
}

CfiModule VanishingTablesOf(const Module& module) {
  g_copies.failed = false;
  if (Stays(module)) return TablesOf(module);
  CfiModule tables{module.begin, module.end, module.eh_frame_hdr};
  tables.copies = &g_copies;
  if (module.record != nullptr) {
    tables.debug_frame = module.record->debug_frame.load(std::memory_order_acquire);
  }
  return tables;
}

bool WereTablesOf(const Module& module) {
  if (g_copies.failed) return false;
  if (Stays(module)) return true;
  Module now{};
  return FindVanishingModule(AddressOf(module.begin), &now) && now.identity == module.identity &&
         now.end == module.end;
}

}  // namespace pprofagent::hot
