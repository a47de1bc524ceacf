// SPDX-License-Identifier: Apache-2.0
#include "agent/service/profile/kinds.h"

#include <algorithm>

#include "agent/service/profile/contention_profile.h"
#include "agent/service/profile/creation_profile.h"
#include "agent/service/profile/growth_profile.h"
#include "agent/service/profile/heap_profile.h"
#include "agent/service/profile/thread_profile.h"

namespace pprofagent::service {
namespace {

constexpr ValueType kHeapTypes[] = {{"alloc_objects", "count"},
                                    {"alloc_space", "bytes"},
                                    {"inuse_objects", "count"},
                                    {"inuse_space", "bytes"}};
constexpr ValueType kContentionTypes[] = {{"contentions", "count"}, {"delay", "nanoseconds"}};
constexpr ValueType kCreationTypes[] = {{"threadcreate", "count"}};
constexpr ValueType kCpuTypes[] = {{"samples", "count"}, {"cpu", "nanoseconds"}};
constexpr std::string_view kCpuAliases[] = {"profile"};
constexpr ValueType kThreadTypes[] = {{"goroutine", "count"}};
// As legacy growth profiles are read.
constexpr ValueType kGrowthTypes[] = {{"objects", "count"}, {"space", "bytes"}};
constexpr ValueType kWallTypes[] = {{"samples", "count"}, {"wall", "nanoseconds"}};
constexpr std::string_view kThreadAliases[] = {"threads", "thread"};

constexpr KindSpec kTable[] = {
    {Kind::kHeap,
     "heap",
     {},
     kHeapTypes,
     "",
     {"space", "bytes"},
     "A sampling of memory allocations of live objects.",
     RecordHeap,
     TextForm::kHeap},
    {Kind::kAllocs,
     "allocs",
     {},
     kHeapTypes,
     "alloc_space",
     {"space", "bytes"},
     "A sampling of all past memory allocations.",
     RecordHeap,
     TextForm::kHeap},
    {Kind::kCpu,
     "cpu",
     kCpuAliases,
     kCpuTypes,
     "",
     {"cpu", "nanoseconds"},
     "Where the program's threads spend CPU time.",
     nullptr},
    {Kind::kMutex,
     "mutex",
     {},
     kContentionTypes,
     "",
     {"contentions", "count"},
     "Who kept others waiting: stacks that released a lock, with the time its waiters lost.",
     RecordMutex,
     TextForm::kMutex},
    {Kind::kBlock,
     "block",
     {},
     kContentionTypes,
     "",
     {"contentions", "count"},
     "Who waited, for locks, conditions, semaphores, barriers and other threads.",
     RecordBlock,
     TextForm::kContention},
    {Kind::kContention,
     "contention",
     {},
     kContentionTypes,
     "",
     {"contentions", "count"},
     "Who waited for whom: each contention once for the waiter's stack and once for the "
     "holder's, told apart by the label role.",
     RecordContention,
     TextForm::kContention},
    {Kind::kThreadCreate,
     "threadcreate",
     {},
     kCreationTypes,
     "",
     {"threadcreate", "count"},
     "Where the program's threads were made.",
     RecordThreadCreation,
     TextForm::kCount},
    {Kind::kGoroutine,
     "goroutine",
     kThreadAliases,
     kThreadTypes,
     "",
     {"goroutine", "count"},
     "Stacks of all threads at this moment.",
     RecordThreads,
     TextForm::kThreads},
    {Kind::kGrowth,
     "growth",
     {},
     kGrowthTypes,
     "",
     {"space", "bytes"},
     "By which stacks the heap has grown: allocations that were the first in their mebibyte of the "
     "address space.",
     RecordGrowth,
     TextForm::kGrowth},
    {Kind::kWall,
     "wall",
     {},
     kWallTypes,
     "",
     {"wall", "nanoseconds"},
     "Where all threads are, running or waiting (label state), for so many seconds.",
     nullptr},
};

}  // namespace

std::span<const KindSpec> KindTable() { return kTable; }

const KindSpec& SpecOf(Kind kind) {
  return *std::find_if(std::begin(kTable), std::end(kTable),
                       [kind](const KindSpec& spec) { return spec.kind == kind; });
}

const KindSpec* FindKind(std::string_view name) {
  for (const KindSpec& spec : kTable) {
    const auto& aliases = spec.aliases;
    if (spec.name == name || std::find(aliases.begin(), aliases.end(), name) != aliases.end()) {
      return &spec;
    }
  }
  return nullptr;
}

std::string KindNames() {
  std::string names;
  for (const KindSpec& spec : kTable) {
    if (!names.empty()) names += ", ";
    names += spec.name;
  }
  return names;
}

}  // namespace pprofagent::service
