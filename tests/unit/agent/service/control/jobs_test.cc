// SPDX-License-Identifier: Apache-2.0
#include "agent/service/control/jobs.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <atomic>
#include <thread>
#include <vector>

#include "agent/service/control/controller.h"
#include "agent/service/control/helper_thread.h"
#include "agent/service/options/environment.h"
#include "tests/unit/agent/service/support/fake_hot.h"

namespace pprofagent::service {
namespace {

Controller& TheController() {
  static auto* options = new Options(DefaultOptions());
  static auto* controller = new Controller(*options, "fp", {});
  return *controller;
}

void ServeUntilIdle() {
  int value = 0;
  while (hot::TakeRequests(&value) != 0) RunJobs(TheController());
  hot::WaitForRequest(1'000'000);
}

bool ServePending() {
  int value = 0;
  const bool was_asked = hot::TakeRequests(&value) != 0;
  RunJobs(TheController());
  return was_asked;
}

int NoThreads(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*) { return EAGAIN; }

TEST(RunOnHelper, DoesTheWorkElsewhereAndReturnsWhenItIsDone) {
  fake_hot::Reset();
  ConfigureHelper(pthread_create, {ServeUntilIdle, ServePending});
  std::thread::id ran_on;
  ASSERT_TRUE(RunOnHelper([&ran_on](Controller&) { ran_on = std::this_thread::get_id(); }));
  EXPECT_NE(ran_on, std::this_thread::get_id());
  EXPECT_NE(ran_on, std::thread::id());
}

TEST(RunOnHelper, ServesManyThreads) {
  fake_hot::Reset();
  ConfigureHelper(pthread_create, {ServeUntilIdle, ServePending});
  int done = 0;  // one job at a time
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&done] {
      for (int i = 0; i < 50; ++i) EXPECT_TRUE(RunOnHelper([&done](Controller&) { ++done; }));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(done, 200);
}

TEST(RunOnHelper, SaysWhenThereIsNoThreadToBeHad) {
  fake_hot::Reset();
  fake_hot::WaitUntilHelperRuns(false);
  ConfigureHelper(NoThreads, {ServeUntilIdle, ServePending});
  bool ran = false;
  // An old helper may just be ending, and then it does the work.
  if (!RunOnHelper([&ran](Controller&) { ran = true; })) {
    EXPECT_FALSE(ran);
    RunJobs(TheController());
    EXPECT_FALSE(ran) << "the caller has gone, and its job must have gone with it";
  }
  ConfigureHelper(pthread_create, {ServeUntilIdle, ServePending});
}

}  // namespace
}  // namespace pprofagent::service
