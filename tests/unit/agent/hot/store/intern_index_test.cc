// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/store/intern_index.h"

#include <gtest/gtest.h>

#include <map>
#include <thread>
#include <vector>

namespace pprofagent::hot {
namespace {

struct Number {
  uint64_t value;
  std::atomic<uint64_t> count;
};

uint64_t Hash(uint64_t value) { return value * 0x9e3779b97f4a7c15u; }

Number* Intern(InternIndex<Number>* index, MappedPool* pool, uint64_t value, uint64_t hash) {
  return index->FindOrInsert(
      hash, [&](const Number* n) { return n->value == value; },
      [&] {
        auto* number = static_cast<Number*>(pool->Allocate(sizeof(Number)));
        if (number != nullptr) number->value = value;
        return number;
      });
}

TEST(InternIndex, FindsWhatItInserted) {
  static constinit MappedPool pool(64 << 10, 64 << 20);
  static constinit InternIndex<Number> index(&pool);
  std::vector<Number*> numbers;
  for (uint64_t i = 0; i < 20000; ++i) numbers.push_back(Intern(&index, &pool, i, Hash(i)));
  for (uint64_t i = 0; i < 20000; ++i) {
    ASSERT_EQ(Intern(&index, &pool, i, Hash(i)), numbers[i]);
    ASSERT_EQ(numbers[i]->value, i);
  }
}

TEST(InternIndex, SurvivesHashesThatAreAllTheSame) {
  static constinit MappedPool pool(64 << 10, 64 << 20);
  static constinit InternIndex<Number> index(&pool);
  for (uint64_t i = 0; i < 200; ++i) ASSERT_NE(Intern(&index, &pool, i, 7), nullptr);
  for (uint64_t i = 0; i < 200; ++i) ASSERT_EQ(Intern(&index, &pool, i, 7)->value, i);
}

TEST(InternIndex, IsNullWhenMemoryIsUsedUp) {
  static constinit MappedPool pool(16 << 10, 40 << 10);
  static constinit InternIndex<Number> index(&pool);
  uint64_t i = 0;
  while (Intern(&index, &pool, i, Hash(i)) != nullptr) ++i;
  EXPECT_GT(i, 100u);
  EXPECT_NE(Intern(&index, &pool, 0, Hash(0)), nullptr) << "what is there is still found";
}

TEST(InternIndex, ThreadsLoseNoCount) {
  static constinit MappedPool pool(64 << 10, 256 << 20);
  static constinit InternIndex<Number> index(&pool);
  constexpr uint64_t kThreads = 4;
  constexpr uint64_t kValues = 5000;
  constexpr uint64_t kRounds = 10;
  std::vector<std::thread> threads;
  for (uint64_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([] {
      for (uint64_t round = 0; round < kRounds; ++round) {
        for (uint64_t i = 0; i < kValues; ++i) ++Intern(&index, &pool, i, Hash(i))->count;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  // Equal keys may be there twice while segments open; their sum counts.
  std::map<uint64_t, uint64_t> sums;
  index.ForEach([&](const Number* n) { sums[n->value] += n->count; });
  ASSERT_EQ(sums.size(), kValues);
  for (const auto& [value, sum] : sums) ASSERT_EQ(sum, kThreads * kRounds) << value;
}

}  // namespace
}  // namespace pprofagent::hot
