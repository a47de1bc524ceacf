// SPDX-License-Identifier: Apache-2.0
//
// Remembers the rules of frames by program counter, for the whole process: what
// one thread has worked out, all have. Two tables of 16-byte entries: a small one
// of 4,096 in .bss, which nearly every program's stacks fit in; and behind it a
// large one of 65,536, in sets of four to a cache line, which is mapped (1 MiB,
// touched as it fills) when entries of the small one begin to displace each
// other. A third place to ask is not needed: to work a rule out anew takes 0.15
// to 0.5 us, and costs no memory.
//
// An entry is two words, rule and check = rule ^ (pc and module); it is written
// and read without any lock, by anybody, handlers included. A reader takes it
// only if check ^ rule is what it looks for, so a half-written entry is a miss
// and never a wrong rule (Hyatt and Mann, "A lockless transposition-table
// implementation for parallel search", 2002). The module's identity is part of
// what is compared: code loaded at an address where other code was before does
// not find its predecessor's rules.
//
// Only rules of the common form are remembered: CFA from stack or frame
// pointer, return address at CFA - 8, frame pointer and rbx unchanged or saved
// at a multiple of 8 from CFA. That is nearly every frame; PLT stubs, signal
// frames and libgcc's functions that raise exceptions (landing.h) are worked out
// each time.
#pragma once

#include <atomic>
#include <cstdint>

#include "agent/hot/unwind/cfi.h"

namespace pprofagent::hot {

// A rule in one word; 0: none.
//   bits 0..1    1: CFA from sp, 2: CFA from bp, 3: no rule (walk ends or falls back)
//   bit  2       return address undefined
//   bit  3       frame pointer saved
//   bit  4       rbx saved
//   bits 8..23   offset of the saved frame pointer from CFA, in words, signed
//   bits 24..39  offset of the saved rbx
//   bits 40..63  CFA offset, in words, signed
using PackedRule = uint64_t;
inline constexpr PackedRule kPackedNoRule = 3;

// 0 if the rules do not have the common form.
PackedRule PackRules(const FrameRules& rules);

// The rest is what a warm walk consists of, hence inline.

namespace packed {

inline constexpr PackedRule kFromSp = 1;
inline constexpr PackedRule kFromBp = 2;
inline constexpr PackedRule kUndefined = 4;
inline constexpr PackedRule kBpSaved = 8;
inline constexpr PackedRule kBxSaved = 16;
inline constexpr int kBpAt = 8;
inline constexpr int kBxAt = 24;
inline constexpr int kCfaAt = 40;
inline constexpr int kSavedBits = 16;
inline constexpr int kCfaBits = 24;

// A field as an offset in bytes.
inline uintptr_t Unpack(PackedRule rule, int bits, int position) {
  const auto top = static_cast<int64_t>(rule << (64 - bits - position));
  return static_cast<uintptr_t>((top >> (64 - bits)) * 8);
}

inline uintptr_t ReadSaved(uintptr_t address, StackReader* stack) {
  uintptr_t value = 0;
  return stack->ReadWord(address, &value) ? value : kUnknownRegister;
}

}  // namespace packed

// Whether it leads to a caller.
inline bool IsStep(PackedRule rule) {
  return rule != 0 && (rule & 3) != kPackedNoRule && (rule & packed::kUndefined) == 0;
}

// As ApplyFrameRules.
inline bool ApplyPackedRule(PackedRule rule, StackReader* stack, Registers* registers) {
  using namespace packed;
  const uintptr_t base = (rule & 3) == kFromSp ? registers->sp : registers->bp;
  const uintptr_t cfa = base + Unpack(rule, kCfaBits, kCfaAt);
  uintptr_t pc = 0;
  if ((rule & kUndefined) == 0 && !stack->ReadWord(cfa - 8, &pc)) return false;
  if ((rule & kBpSaved) != 0) {
    registers->bp = ReadSaved(cfa + Unpack(rule, kSavedBits, kBpAt), stack);
  }
  if ((rule & kBxSaved) != 0) {
    registers->bx = ReadSaved(cfa + Unpack(rule, kSavedBits, kBxAt), stack);
  }
  registers->pc = pc;
  registers->sp = cfa;
  registers->context = 0;
  return true;
}

struct CachedRule {
  std::atomic<uint64_t> check;
  std::atomic<uint64_t> rule;
};

inline constexpr unsigned kRuleCacheBits = 12;
// NOLINTNEXTLINE(bugprone-dynamic-static-initializers): it is constinit
extern constinit CachedRule g_rule_cache[1u << kRuleCacheBits];

// Return addresses differ in their lower bits, most of all.
inline CachedRule& CachedRuleOf(uintptr_t pc) {
  return g_rule_cache[(pc ^ (pc >> kRuleCacheBits)) & ((1u << kRuleCacheBits) - 1)];
}

// All async-signal-safe, thread-safe, lock-free. `module` is its identity
// (module_lookup.h).
inline PackedRule FindCachedRule(uintptr_t pc, uint64_t module) {
  const CachedRule& entry = CachedRuleOf(pc);
  const uint64_t rule = entry.rule.load(std::memory_order_relaxed);
  return (entry.check.load(std::memory_order_relaxed) ^ rule) == (pc ^ module) ? rule : 0;
}

// Asks the large table, when the small one does not know; what it knows the small
// one knows from then on.
PackedRule RecallRule(uintptr_t pc, uint64_t module);

void CacheRule(uintptr_t pc, uint64_t module, PackedRule rule);

// Bytes mapped for the large table.
uint64_t RuleCacheBytes();

// Maps the table's memory, so that the first walks need not. At start.
void TouchRuleCache();

}  // namespace pprofagent::hot
