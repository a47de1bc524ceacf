// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/rt/bootstrap_pool.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <vector>

namespace pprofagent::hot {
namespace {

TEST(BootstrapPool, BlocksAreOwnedZeroedAlignedAndApart) {
  std::vector<char*> blocks;
  // More than the static buffer holds, and some larger than all of it.
  for (const size_t size : {1, 100, 0, 4096, 30000, 30000, 30000, 200000, 16}) {
    for (const size_t alignment : {1, 16, 64, 4096}) {
      auto* block = static_cast<char*>(BootstrapAllocate(size, alignment));
      ASSERT_NE(block, nullptr);
      EXPECT_EQ(reinterpret_cast<uintptr_t>(block) % (alignment < 16 ? 16 : alignment), 0u);
      EXPECT_TRUE(BootstrapOwns(block));
      EXPECT_EQ(BootstrapBlockSize(block), size);
      for (size_t i = 0; i < size; ++i) ASSERT_EQ(block[i], 0);
      memset(block, 0xa5, size);
      blocks.push_back(block);
    }
  }
  for (char* block : blocks) {
    for (size_t i = 0; i < BootstrapBlockSize(block); ++i) {
      ASSERT_EQ(static_cast<unsigned char>(block[i]), 0xa5);
    }
  }
}

TEST(BootstrapPool, ForeignMemoryIsNotOwned) {
  int local = 0;
  EXPECT_FALSE(BootstrapOwns(&local));
  EXPECT_FALSE(BootstrapOwns(nullptr));
}

TEST(BootstrapPool, ImpossibleRequestsAreRefused) {
  EXPECT_EQ(BootstrapAllocate(SIZE_MAX - 8, 16), nullptr);
  EXPECT_EQ(BootstrapAllocate(16, 1 << 20), nullptr);
}

}  // namespace
}  // namespace pprofagent::hot
