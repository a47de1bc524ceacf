// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/unwind/rule_cache.h"

#include <cstddef>
#include <iterator>

#include "agent/hot/rt/mapped_pool.h"

namespace pprofagent::hot {

constinit CachedRule g_rule_cache[1u << kRuleCacheBits] = {};

namespace {

constexpr unsigned kWays = 4;
struct alignas(64) Set {
  CachedRule ways[kWays];
};
constexpr unsigned kSetBits = 14;
constexpr size_t kLargeBytes = sizeof(Set) << kSetBits;

constinit std::atomic<Set*> g_large{nullptr};
// Set for good when the kernel has no memory for it.
constinit std::atomic<bool> g_large_refused{false};

Set& SetOf(Set* large, uint64_t key) {
  return large[(key * 0x9e3779b97f4a7c15u) >> (64 - kSetBits)];
}

void Store(CachedRule* entry, uint64_t key, PackedRule rule) {
  entry->rule.store(rule, std::memory_order_relaxed);
  entry->check.store(key ^ rule, std::memory_order_relaxed);
}

Set* OpenLargeTable() {
  Set* existing = g_large.load(std::memory_order_acquire);
  if (existing != nullptr || g_large_refused.load(std::memory_order_relaxed)) return existing;
  auto* fresh = static_cast<Set*>(MapMemory(kLargeBytes));
  if (fresh == nullptr) {
    g_large_refused.store(true, std::memory_order_relaxed);
    return nullptr;
  }
  if (g_large.compare_exchange_strong(existing, fresh, std::memory_order_acq_rel)) return fresh;
  UnmapMemory(fresh, kLargeBytes);
  return existing;
}

// Into a way that is free, has the key already, or is picked by the key.
void StoreInLarge(Set* large, uint64_t key, PackedRule rule) {
  Set& set = SetOf(large, key);
  CachedRule* place = &set.ways[(key ^ (key >> 8)) % kWays];
  for (CachedRule& way : set.ways) {
    const uint64_t held = way.rule.load(std::memory_order_relaxed);
    if (held == 0 || (way.check.load(std::memory_order_relaxed) ^ held) == key) {
      place = &way;
      break;
    }
  }
  Store(place, key, rule);
}

using namespace packed;

// `offset` in words, as a field of `bits` bits at `position`; false if it is not
// such a number.
bool PackWords(int64_t offset, int bits, int position, PackedRule* packed) {
  const int64_t words = offset / 8;
  const int64_t limit = int64_t{1} << (bits - 1);
  if (words * 8 != offset || words < -limit || words >= limit) return false;
  *packed |= (static_cast<uint64_t>(words) & ((uint64_t{1} << bits) - 1)) << position;
  return true;
}

bool PackCfa(const FrameRules& rules, PackedRule* packed) {
  if (rules.cfa != FrameRules::kCfaFromRegister) return false;
  if (rules.cfa_register == kDwarfRsp) {
    *packed |= kFromSp;
  } else if (rules.cfa_register == kDwarfRbp) {
    *packed |= kFromBp;
  } else {
    return false;
  }
  return PackWords(rules.cfa_offset, kCfaBits, kCfaAt, packed);
}

bool PackSaved(const RegisterRule& rule, PackedRule flag, int position, PackedRule* packed) {
  if (rule.kind == RegisterRule::kUnspecified || rule.kind == RegisterRule::kSameValue) return true;
  *packed |= flag;
  return rule.kind == RegisterRule::kAtCfa && PackWords(rule.value, kSavedBits, position, packed);
}

}  // namespace

PackedRule PackRules(const FrameRules& rules) {
  PackedRule packed = 0;
  if (rules.signal_frame || rules.MayLand() ||
      rules.stack_pointer.kind != RegisterRule::kUnspecified || !PackCfa(rules, &packed)) {
    return 0;
  }
  if (rules.return_address.kind == RegisterRule::kUndefined) return packed | kUndefined;
  if (rules.return_address.kind != RegisterRule::kAtCfa || rules.return_address.value != -8 ||
      !PackSaved(rules.frame_pointer, kBpSaved, kBpAt, &packed) ||
      !PackSaved(rules.rbx, kBxSaved, kBxAt, &packed)) {
    return 0;
  }
  return packed;
}

PackedRule RecallRule(uintptr_t pc, uint64_t module) {
  Set* large = g_large.load(std::memory_order_acquire);
  if (large == nullptr) return 0;
  const uint64_t key = pc ^ module;
  for (const CachedRule& way : SetOf(large, key).ways) {
    const uint64_t rule = way.rule.load(std::memory_order_relaxed);
    if (rule == 0 || (way.check.load(std::memory_order_relaxed) ^ rule) != key) continue;
    Store(&CachedRuleOf(pc), key, rule);
    return rule;
  }
  return 0;
}

void CacheRule(uintptr_t pc, uint64_t module, PackedRule rule) {
  const uint64_t key = pc ^ module;
  CachedRule& entry = CachedRuleOf(pc);
  const bool displaces = entry.rule.load(std::memory_order_relaxed) != 0;
  Store(&entry, key, rule);
  Set* large = displaces ? OpenLargeTable() : g_large.load(std::memory_order_acquire);
  if (large != nullptr) StoreInLarge(large, key, rule);
}

uint64_t RuleCacheBytes() {
  return g_large.load(std::memory_order_relaxed) != nullptr ? kLargeBytes : 0;
}

void TouchRuleCache() {
  constexpr size_t kPage = 4096;
  for (size_t i = 0; i < std::size(g_rule_cache); i += kPage / sizeof(CachedRule)) {
    // Adds nothing: another thread may already be here.
    g_rule_cache[i].rule.fetch_add(0, std::memory_order_relaxed);
  }
}

}  // namespace pprofagent::hot
