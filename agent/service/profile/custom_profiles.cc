// SPDX-License-Identifier: Apache-2.0
#include "agent/service/profile/custom_profiles.h"

#include <sched.h>

#include <atomic>
#include <map>
#include <memory>

#include "agent/service/base/clock.h"
#include "agent/service/profile/recording.h"

namespace pprofagent::service {
namespace {

struct Entry {
  hot::StackView stack;
  int64_t value;
};

struct Custom {
  std::string name;
  ValueType type;
  KindSpec kind;
  std::map<const void*, Entry> entries;
};

constinit std::atomic<bool> lock_held{false};
// Made with the first profile, never freed: kinds live as long as the process.
constinit std::vector<std::unique_ptr<Custom>>* all = nullptr;

// Not a mutex of libc's: those are watched, and after fork nobody could free one.
class Lock {
 public:
  Lock() {
    while (lock_held.exchange(true, std::memory_order_acquire)) sched_yield();
  }
  ~Lock() { lock_held.store(false, std::memory_order_release); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;
};

// Under the lock.
Custom* Find(std::string_view name) {
  if (all == nullptr) return nullptr;
  for (const std::unique_ptr<Custom>& custom : *all) {
    if (custom->name == name) return custom.get();
  }
  return nullptr;
}

Recording RecordCustom(const KindSpec& kind, const ProfileContext&) {
  Recording recording;
  recording.kind = &kind;
  recording.period = 1;
  recording.time_ns = WallClock();
  recording.rate = "entries: all that the program has added and not removed";
  std::map<const uintptr_t*, size_t> by_stack;
  const Lock lock;
  for (const auto& [key, entry] : Find(kind.name)->entries) {
    const auto [known, is_new] = by_stack.emplace(entry.stack.pcs, recording.samples.size());
    if (is_new) recording.samples.push_back({.stack = entry.stack});
    recording.samples[known->second].values[0] += entry.value;
  }
  return recording;
}

std::unique_ptr<Custom> NewCustom(std::string_view name) {
  auto custom = std::make_unique<Custom>();
  custom->name = name;
  custom->type = {custom->name, "count"};
  custom->kind = {.kind = Kind::kCustom,
                  .name = custom->name,
                  .aliases = {},
                  .sample_types = {&custom->type, 1},
                  .default_sample_type = "",
                  .period_type = custom->type,
                  .description = "What the program itself has put in.",
                  .record = RecordCustom,
                  .text_form = TextForm::kCount};
  return custom;
}

}  // namespace

const KindSpec* MakeCustomKind(std::string_view name, bool* is_new) {
  const Lock lock;
  *is_new = false;
  if (Custom* known = Find(name)) return &known->kind;
  if (all == nullptr) all = new std::vector<std::unique_ptr<Custom>>;
  *is_new = true;
  return &all->emplace_back(NewCustom(name))->kind;
}

const KindSpec* FindCustomKind(std::string_view name) {
  const Lock lock;
  const Custom* custom = Find(name);
  return custom != nullptr ? &custom->kind : nullptr;
}

std::vector<const KindSpec*> CustomKinds() {
  std::vector<const KindSpec*> kinds;
  const Lock lock;
  if (all == nullptr) return kinds;
  for (const std::unique_ptr<Custom>& custom : *all) kinds.push_back(&custom->kind);
  return kinds;
}

CustomResult AddToCustom(const KindSpec& kind, const void* key, int64_t value,
                         const hot::StackView& stack) {
  const Lock lock;
  const bool is_new = Find(kind.name)->entries.emplace(key, Entry{stack, value}).second;
  return is_new ? CustomResult::kOk : CustomResult::kExists;
}

CustomResult RemoveFromCustom(const KindSpec& kind, const void* key) {
  const Lock lock;
  return Find(kind.name)->entries.erase(key) != 0 ? CustomResult::kOk : CustomResult::kMissing;
}

int64_t CountOfCustom(const KindSpec& kind) {
  const Lock lock;
  return static_cast<int64_t>(Find(kind.name)->entries.size());
}

void CustomProfilesAfterFork() { lock_held.store(false, std::memory_order_relaxed); }

}  // namespace pprofagent::service
