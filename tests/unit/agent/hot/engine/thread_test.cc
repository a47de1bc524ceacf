// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/engine/thread.h"

#include <gtest/gtest.h>
#include <threads.h>

#include "agent/hot/engine/lifecycle.h"
#include "agent/hot/hooks.h"
#include "agent/hot/rt/sandbox.h"
#include "agent/hot/rt/thread_state.h"

namespace pprofagent::hot {
namespace {

class ThreadEngine : public testing::Test {
 protected:
  void SetUp() override {
#if defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "the sanitizer does not know threads of thrd_create";
#endif
  }
  static void SetUpTestSuite() {
    InitializeHot(
        HotOptions{.heap_rate = 1, .stack_depth = 64, .agent_text_begin = 0, .agent_text_end = 0});
  }
};

// As the interposed malloc does.
void Allocate() {
  if (!CountAllocation(1)) BlockAllocated(nullptr, 1, Registers{});
}

int RecordsInUse() {
  int count = 0;
  for (ThreadRecord* r = FirstRecord(); r != nullptr; r = r->next) {
    if (r->tid.load() != 0) ++count;
  }
  return count;
}

// libc makes these threads without our pthread_create.
int RunInThread(int (*function)(void*)) {
  thrd_t thread;
  int result = -1;
  if (thrd_create(&thread, function, nullptr) != thrd_success) return -1;
  thrd_join(thread, &result);
  return result;
}

TEST_F(ThreadEngine, AThreadThatLibcMadeGivesItsRecordBack) {
  Allocate();
  const int before = RecordsInUse();
  const auto allocates = [](void*) {
    Allocate();
    return t_state.record != nullptr ? 1 : 0;
  };
  EXPECT_EQ(RunInThread(allocates), 1);
  EXPECT_EQ(RecordsInUse(), before);
}

TEST_F(ThreadEngine, InASandboxNoRecordIsMade) {
  ASSERT_TRUE(SandboxBegins());
  EXPECT_FALSE(SandboxBegins());
  const auto allocates = [](void*) {
    Allocate();
    return t_state.record == nullptr && t_state.bytes_until_sample > 0 ? 1 : 0;
  };
  EXPECT_EQ(RunInThread(allocates), 1);
  SandboxFailed();
  EXPECT_TRUE(SandboxBegins());
  SandboxFailed();
}

}  // namespace
}  // namespace pprofagent::hot
