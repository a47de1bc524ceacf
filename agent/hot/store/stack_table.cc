// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/store/stack_table.h"

#include "agent/hot/store/intern_index.h"
#include "agent/hot/store/pool.h"

namespace pprofagent::hot {

namespace {

constinit InternIndex<StackRecord> g_stacks(&g_store_pool);

// Multiply to 128 bits and fold, word by word (the mixing step of wyhash).
uint64_t HashOf(const uintptr_t* pcs, uint32_t depth, bool truncated) {
  uint64_t hash = 0x9e3779b97f4a7c15u ^ (uint64_t{depth} << 1) ^ (truncated ? 1 : 0);
  for (uint32_t i = 0; i < depth; ++i) {
    const auto product = static_cast<unsigned __int128>(hash ^ pcs[i]) * 0xe7037ed1a0b428dbu;
    hash = static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
    hash += 0x9e3779b97f4a7c15u;
  }
  return hash;
}

bool Equal(const StackRecord* record, const uintptr_t* pcs, uint32_t depth, bool truncated) {
  if (record->depth != depth || record->truncated != truncated) return false;
  for (uint32_t i = 0; i < depth; ++i) {
    if (record->pcs[i] != pcs[i]) return false;
  }
  return true;
}

StackRecord* Make(uint64_t hash, const uintptr_t* pcs, uint32_t depth, bool truncated) {
  auto* record = static_cast<StackRecord*>(
      g_store_pool.Allocate(sizeof(StackRecord) + depth * sizeof(uintptr_t)));
  if (record == nullptr) return nullptr;
  record->hash = hash;
  record->depth = depth;
  record->truncated = truncated;
  for (uint32_t i = 0; i < depth; ++i) record->pcs[i] = pcs[i];
  return record;
}

}  // namespace

const StackRecord* InternStack(const uintptr_t* pcs, uint32_t depth, bool truncated) {
  const uint64_t hash = HashOf(pcs, depth, truncated);
  return g_stacks.FindOrInsert(
      hash, [&](const StackRecord* record) { return Equal(record, pcs, depth, truncated); },
      [&] { return Make(hash, pcs, depth, truncated); });
}

}  // namespace pprofagent::hot
