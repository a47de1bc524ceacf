// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/rt/thread_state.h"

#include <gtest/gtest.h>

#include <thread>

namespace pprofagent::hot {
namespace {

int CountRecords() {
  int count = 0;
  for (ThreadRecord* r = FirstRecord(); r != nullptr; r = r->next) ++count;
  return count;
}

TEST(ThreadState, AThreadHasOneRecord) {
  ThreadRecord* record = CurrentRecord();
  ASSERT_NE(record, nullptr);
  EXPECT_EQ(record->tid.load(), CurrentThreadId());
  EXPECT_EQ(CurrentRecord(), record);
  EXPECT_EQ(RecordOf(CurrentThreadId()), record);
}

TEST(ThreadState, TheMainThreadKnowsItsStack) {
  const ThreadRecord* record = CurrentRecord();
  const auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  EXPECT_LT(record->stack_low, here);
  EXPECT_GT(record->stack_high, here);
}

TEST(ThreadState, RecordsOfEndedThreadsAreUsedAgain) {
  const auto one_thread = [] {
    std::thread([] {
      ASSERT_NE(CurrentRecord(), nullptr);
      ReleaseCurrentRecord();
      EXPECT_EQ(CurrentRecord(), nullptr) << "a finished thread gets no record";
    }).join();
  };
  one_thread();
  const int before = CountRecords();
  for (int i = 0; i < 100; ++i) one_thread();
  EXPECT_EQ(CountRecords(), before);
}

}  // namespace
}  // namespace pprofagent::hot
