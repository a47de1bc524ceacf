// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/rt/task_list.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <latch>
#include <set>
#include <thread>
#include <vector>

#include "agent/hot/rt/thread_state.h"

namespace pprofagent::hot {
namespace {

bool Collect(int32_t tid, void* context) {
  static_cast<std::set<int32_t>*>(context)->insert(tid);
  return true;
}

TEST(TaskList, SeesEveryThread) {
  // More than fit into one block of directory entries.
  constexpr int kThreads = 150;
  std::latch started(kThreads);
  std::latch finish(1);
  std::vector<int32_t> tids(kThreads);
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      tids[i] = CurrentThreadId();
      started.count_down();
      finish.wait();
    });
  }
  started.wait();
  std::set<int32_t> seen;
  EXPECT_TRUE(ForEachTask(Collect, &seen));
  finish.count_down();
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(seen.contains(getpid()));
  for (const int32_t tid : tids) EXPECT_TRUE(seen.contains(tid)) << tid;
}

TEST(TaskList, StopsWhenToldTo) {
  int calls = 0;
  ForEachTask(
      [](int32_t, void* context) {
        ++*static_cast<int*>(context);
        return false;
      },
      &calls);
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace pprofagent::hot
