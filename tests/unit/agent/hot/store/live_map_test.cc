// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/store/live_map.h"

#include <gtest/gtest.h>

#include <thread>
#include <unordered_map>
#include <vector>

#include "agent/hot/rt/random.h"

namespace pprofagent::hot {
namespace {

const void* Address(uint64_t n) { return reinterpret_cast<const void*>(n * 16 + 0x10000); }

LiveBlock Live(uint64_t n) { return LiveBlock{nullptr, n}; }

TEST(LiveMap, AgreesWithAnOrdinaryMap) {
  std::unordered_map<uint64_t, uint64_t> model;
  Random random;
  random.Seed(1);
  for (uint64_t i = 0; i < 400000; ++i) {
    const uint64_t key = random.Next() % 30000;
    LiveBlock live{};
    if (model.contains(key)) {
      ASSERT_TRUE(RemoveLive(Address(key), &live));
      ASSERT_EQ(live.size, model[key]);
      model.erase(key);
    } else {
      ASSERT_FALSE(RemoveLive(Address(key), &live));
      ASSERT_TRUE(InsertLive(Address(key), Live(i)));
      model[key] = i;
    }
  }
  for (const auto& [key, value] : model) {
    LiveBlock live{};
    ASSERT_TRUE(RemoveLive(Address(key), &live));
    ASSERT_EQ(live.size, value);
  }
}

TEST(LiveMap, ARemovedBlockIsGone) {
  ASSERT_TRUE(InsertLive(Address(1), Live(6)));
  LiveBlock live{};
  ASSERT_TRUE(RemoveLive(Address(1), &live));
  EXPECT_EQ(live.size, 6u);
  EXPECT_FALSE(RemoveLive(Address(1), &live));
}

TEST(LiveMap, ChurnDoesNotMakeItGrow) {
  LiveBlock live{};
  for (uint64_t i = 0; i < 1000; ++i) ASSERT_TRUE(InsertLive(Address(1000000 + i), Live(i)));
  const uint64_t before = LiveMapBytes();
  for (uint64_t i = 0; i < 1000000; ++i) {
    ASSERT_TRUE(InsertLive(Address(2000000 + i), Live(i)));
    ASSERT_TRUE(RemoveLive(Address(2000000 + i), &live));
  }
  EXPECT_EQ(LiveMapBytes(), before);
  for (uint64_t i = 0; i < 1000; ++i) ASSERT_TRUE(RemoveLive(Address(1000000 + i), &live));
}

TEST(LiveMap, ThreadsFindTheirOwnBlocks) {
  constexpr uint64_t kThreads = 4;
  std::vector<std::thread> threads;
  for (uint64_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([t] {
      const uint64_t base = (t + 1) << 32;
      LiveBlock live{};
      for (uint64_t round = 0; round < 20; ++round) {
        for (uint64_t i = 0; i < 3000; ++i) {
          ASSERT_TRUE(InsertLive(Address(base + i), Live(i + t)));
        }
        for (uint64_t i = 0; i < 3000; ++i) {
          ASSERT_TRUE(RemoveLive(Address(base + i), &live));
          ASSERT_EQ(live.size, i + t);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

// The bits between a size and its class are kept beside the two pointers.
TEST(LiveMap, SizesComeBackExactly) {
  const uintptr_t pcs[] = {0x51e5};
  const StackRecord* stack = InternStack(pcs, 1, false);
  uint64_t n = 0;
  for (int bits = 0; bits < 47; ++bits) {
    for (const uint64_t size :
         {uint64_t{1} << bits, (uint64_t{2} << bits) - 1,
          (uint64_t{1} << bits) + (uint64_t{0x155555555555} >> (46 - bits))}) {
      HeapBucket* bucket = FindHeapBucket({stack, SizeClass(size), 1, 0});
      const void* address = Address(5000000 + n++);
      ASSERT_TRUE(InsertLive(address, {bucket, size}));
      LiveBlock live{};
      ASSERT_TRUE(RemoveLive(address, &live));
      EXPECT_EQ(live.bucket, bucket);
      EXPECT_EQ(live.size, size);
    }
  }
}

TEST(LiveMap, HighestAndOddAddresses) {
  LiveBlock live{};
  for (const uint64_t address : {uint64_t{0x7ffffffffff8}, uint64_t{0x7ffffffffff0}, uint64_t{8}}) {
    const auto* block = reinterpret_cast<const void*>(address);
    ASSERT_TRUE(InsertLive(block, Live(address & 0xffff)));
    ASSERT_TRUE(RemoveLive(block, &live));
    EXPECT_EQ(live.size, address & 0xffff);
  }
  EXPECT_FALSE(RemoveLive(nullptr, &live));
  EXPECT_FALSE(InsertLive(reinterpret_cast<const void*>(uint64_t{1} << 50), Live(1)));
}

}  // namespace
}  // namespace pprofagent::hot
