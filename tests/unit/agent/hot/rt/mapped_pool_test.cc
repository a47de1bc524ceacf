// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/rt/mapped_pool.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>
#include <vector>

namespace pprofagent::hot {
namespace {

TEST(MappedPool, ThreadsGetMemoryOfTheirOwn) {
  static constinit MappedPool pool(64 << 10, 64 << 20);
  constexpr int kThreads = 4;
  constexpr int kBlocks = 5000;
  std::vector<uint64_t*> blocks[kThreads];
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&blocks, t] {
      for (int i = 0; i < kBlocks; ++i) {
        auto* block = static_cast<uint64_t*>(pool.Allocate(24));
        ASSERT_NE(block, nullptr);
        ASSERT_EQ(block[0] | block[1] | block[2], 0u) << "not zeroed";
        block[0] = block[1] = block[2] = static_cast<uint64_t>(t) << 32 | static_cast<uint64_t>(i);
        blocks[t].push_back(block);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (int t = 0; t < kThreads; ++t) {
    for (int i = 0; i < kBlocks; ++i) {
      const uint64_t want = static_cast<uint64_t>(t) << 32 | static_cast<uint64_t>(i);
      ASSERT_EQ(blocks[t][i][0], want);
      ASSERT_EQ(blocks[t][i][2], want);
      ASSERT_EQ(reinterpret_cast<uintptr_t>(blocks[t][i]) % 16, 0u);
    }
  }
}

TEST(MappedPool, StopsAtItsLimit) {
  static constinit MappedPool pool(4 << 10, 20 << 10);
  size_t blocks = 0;
  while (pool.Allocate(1000) != nullptr) ++blocks;
  EXPECT_GE(blocks, 4u * 3);
  EXPECT_LE(pool.mapped(), size_t{20} << 10);
  EXPECT_EQ(pool.Allocate(1000), nullptr);
}

TEST(MappedPool, ServesBlocksLargerThanAChunk) {
  static constinit MappedPool pool(4 << 10, 1 << 20);
  auto* block = static_cast<char*>(pool.Allocate(100 << 10));
  ASSERT_NE(block, nullptr);
  block[(100 << 10) - 1] = 1;
}

}  // namespace
}  // namespace pprofagent::hot
