// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/store/stack_table.h"

#include "agent/hot/store/intern_index.h"
#include "agent/hot/store/pool.h"
#include "agent/hot/unwind/stack_hash.h"

namespace pprofagent::hot {

namespace {

constinit InternIndex<StackRecord> g_stacks(&g_store_pool);

bool Equal(const StackRecord* record, const uintptr_t* pcs, uint32_t depth, bool truncated,
           uint32_t labels) {
  if (record->depth != depth || record->truncated != truncated || record->labels != labels) {
    return false;
  }
  for (uint32_t i = 0; i < depth; ++i) {
    if (record->pcs[i] != pcs[i]) return false;
  }
  return true;
}

StackRecord* Make(uint64_t hash, const uintptr_t* pcs, uint32_t depth, bool truncated,
                  uint32_t labels) {
  auto* record = static_cast<StackRecord*>(
      g_store_pool.Allocate(sizeof(StackRecord) + depth * sizeof(uintptr_t)));
  if (record == nullptr) return nullptr;
  record->hash = hash;
  record->depth = static_cast<uint16_t>(depth);
  record->truncated = truncated;
  record->labels = labels;
  for (uint32_t i = 0; i < depth; ++i) record->pcs[i] = pcs[i];
  return record;
}

}  // namespace

const StackRecord* InternStack(const uintptr_t* pcs, uint32_t depth, bool truncated,
                               uint32_t labels) {
  return InternHashedStack(HashOfStack(pcs, depth, truncated), pcs, depth, truncated, labels);
}

const StackRecord* InternHashedStack(uint64_t hash, const uintptr_t* pcs, uint32_t depth,
                                     bool truncated, uint32_t labels) {
  if (labels != 0) hash = HashWithFrame(hash, labels);
  return g_stacks.FindOrInsert(
      hash, [&](const StackRecord* record) { return Equal(record, pcs, depth, truncated, labels); },
      [&] { return Make(hash, pcs, depth, truncated, labels); });
}

}  // namespace pprofagent::hot
