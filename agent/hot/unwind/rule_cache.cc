// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/unwind/rule_cache.h"

#include <cstddef>
#include <iterator>

namespace pprofagent::hot {

constinit CachedRule g_rule_cache[1u << kRuleCacheBits] = {};

namespace {

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
  if (rules.signal_frame || rules.stack_pointer.kind != RegisterRule::kUnspecified ||
      !PackCfa(rules, &packed)) {
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

void TouchRuleCache() {
  constexpr size_t kPage = 4096;
  for (size_t i = 0; i < std::size(g_rule_cache); i += kPage / sizeof(CachedRule)) {
    // Adds nothing: another thread may already be here.
    g_rule_cache[i].rule.fetch_add(0, std::memory_order_relaxed);
  }
}

}  // namespace pprofagent::hot
