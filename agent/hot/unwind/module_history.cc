// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/unwind/module_history.h"

#include <limits.h>

#include <cstring>

#include "agent/hot/rt/mapped_pool.h"
#include "agent/hot/rt/raw_syscall.h"
#include "agent/hot/rt/sandbox.h"
#include "agent/hot/unwind/frame_word.h"

namespace pprofagent::hot {

namespace {

constexpr size_t kRecords = 1024;
constexpr size_t kSlots = kRecords * 2;

constinit MappedPool g_pool(size_t{16} << 10, size_t{2} << 20);
// Open addressing by identity; never more than half full, nothing is removed.
constinit std::atomic<ModuleRecord*> g_slots[kSlots] = {};
constinit std::atomic<size_t> g_used{0};
// The newest; all of them are linked behind it.
constinit std::atomic<ModuleRecord*> g_newest{nullptr};
constinit std::atomic<uint64_t> g_not_recorded{0};

size_t SlotOf(uint64_t identity) { return (identity * 0x9e3779b97f4a7c15u) >> 53; }
static_assert(kSlots == size_t{1} << (64 - 53));

// The generation of an object that comes to lie in [begin, end).
uint32_t NextGeneration(uintptr_t begin, uintptr_t end) {
  uint32_t generation = 0;
  for (const ModuleRecord* record = g_newest.load(std::memory_order_acquire); record != nullptr;
       record = record->next) {
    if (record->begin >= end || record->end <= begin) continue;
    if (record->generation >= generation) generation = record->generation + 1;
  }
  return generation;
}

size_t SizeOf(const char* text) {
  size_t size = 0;
  while (size < PATH_MAX && text[size] != '\0') ++size;
  return size;
}

// Relative to the current directory, not merely a name (the vDSO's).
bool IsRelativePath(const char* name, size_t size) {
  if (name[0] == '/') return false;
  for (size_t i = 0; i < size; ++i) {
    if (name[i] == '/') return true;
  }
  return false;
}

// Makes the path in `buffer` end in '/'; its length, 0 if it cannot be had. A
// program under seccomp could be killed by the question.
size_t CurrentDirectory(char* buffer, size_t capacity) {
  if (IsSandboxed()) return 0;
  const long size = RawSyscall(SYS_getcwd, buffer, capacity);
  if (IsSyscallError(size) || buffer[0] != '/') return 0;
  buffer[size - 1] = '/';  // the size includes a zero byte
  return static_cast<size_t>(size);
}

ModuleRecord* Make(const LoadedObject& object) {
  const auto begin = reinterpret_cast<uintptr_t>(object.begin);
  const auto end = reinterpret_cast<uintptr_t>(object.end);
  const uint32_t generation = NextGeneration(begin, end);
  if (generation > kLastGeneration) return nullptr;
  const char* name = object.name != nullptr ? object.name : "";
  const size_t name_size = SizeOf(name);
  constexpr size_t kLongestDirectory = 1024;
  const size_t prefix = IsRelativePath(name, name_size) ? kLongestDirectory : 0;
  auto* record =
      static_cast<ModuleRecord*>(g_pool.Allocate(sizeof(ModuleRecord) + prefix + name_size + 1));
  if (record == nullptr) return nullptr;
  record->identity = object.identity;
  record->key = object.key;
  record->begin = begin;
  record->end = end;
  record->generation = generation;
  const uint8_t* const image = object.image != nullptr ? object.image : object.begin;
  record->code_segments = FindCodeSegments(image, image + (end - begin), record->code);
  for (uint32_t i = 0; i < record->code_segments; ++i) {
    const uintptr_t displacement = begin - reinterpret_cast<uintptr_t>(image);
    record->code[i].start += displacement;
    record->code[i].limit += displacement;
  }
  record->build_id_place = object.build_id;
  memcpy(record->build_id, image + object.build_id.offset, object.build_id.size);
  const size_t directory = prefix != 0 ? CurrentDirectory(record->path, prefix) : 0;
  memcpy(record->path + directory, name, name_size);
  record->path[directory + name_size] = '\0';
  return record;
}

void Link(ModuleRecord* record) {
  record->next = g_newest.load(std::memory_order_relaxed);
  while (!g_newest.compare_exchange_weak(record->next, record, std::memory_order_acq_rel,
                                         std::memory_order_relaxed)) {
  }
}

ModuleRecord* MakeIfThereIsRoom(const LoadedObject& object) {
  if (g_used.fetch_add(1, std::memory_order_relaxed) < kRecords) {
    if (ModuleRecord* record = Make(object)) return record;
  }
  g_used.fetch_sub(1, std::memory_order_relaxed);
  g_not_recorded.fetch_add(1, std::memory_order_relaxed);
  return nullptr;
}

}  // namespace

const ModuleRecord* RecordModule(const LoadedObject& object) {
  ModuleRecord* fresh = nullptr;
  for (size_t at = SlotOf(object.identity);; at = (at + 1) % kSlots) {
    ModuleRecord* seen = g_slots[at].load(std::memory_order_acquire);
    if (seen == nullptr) {
      if (fresh == nullptr) fresh = MakeIfThereIsRoom(object);
      if (fresh == nullptr) return nullptr;
      if (g_slots[at].compare_exchange_strong(seen, fresh, std::memory_order_acq_rel,
                                              std::memory_order_acquire)) {
        Link(fresh);
        return fresh;
      }
    }
    // If another thread has put it there this moment, ours is lost to the pool.
    if (seen->identity == object.identity) return seen;
  }
}

void VisitModuleRecords(void (*visit)(void* context, const ModuleRecord& record), void* context) {
  for (const ModuleRecord* record = g_newest.load(std::memory_order_acquire); record != nullptr;
       record = record->next) {
    visit(context, *record);
  }
}

uint64_t ModulesNotRecorded() { return g_not_recorded.load(std::memory_order_relaxed); }
uint64_t ModuleHistoryBytes() { return g_pool.mapped(); }

}  // namespace pprofagent::hot
