// SPDX-License-Identifier: Apache-2.0
//
// The hash of a stack, made from the outermost frame inwards: stacks that have
// their outer frames in common have the beginning of the computation in common,
// which remembered walks (walk_memo.h) keep.
#pragma once

#include <cstdint>

namespace pprofagent::hot {

inline constexpr uint64_t kEmptyStackHash = 0x9e3779b97f4a7c15u;

// Multiply to 128 bits and fold, word by word (the mixing step of wyhash).
inline uint64_t HashWithFrame(uint64_t callers, uintptr_t pc) {
  const auto product = static_cast<unsigned __int128>(callers ^ pc) * 0xe7037ed1a0b428dbu;
  return (static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64)) +
         0x9e3779b97f4a7c15u;
}

inline uint64_t HashOfStack(const uintptr_t* pcs, uint32_t depth, bool truncated) {
  uint64_t hash = kEmptyStackHash ^ (truncated ? 1 : 0);
  for (uint32_t i = depth; i > 0; --i) hash = HashWithFrame(hash, pcs[i - 1]);
  return hash;
}

}  // namespace pprofagent::hot
