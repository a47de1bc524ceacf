// SPDX-License-Identifier: Apache-2.0
#include "agent/service/text/thread_list.h"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/unit/agent/service/support/fake_hot.h"

namespace pprofagent::service {
namespace {

using hot::ThreadActivity;
using hot::ThreadSample;
using hot::WaitKind;

ThreadSample Thread(int32_t tid) {
  ThreadSample sample{};
  sample.tid = tid;
  sample.state = ThreadActivity::kBlocked;
  sample.syscall = -1;
  sample.waited_ns = -1;
  return sample;
}

ThreadSample WaitsFor(int32_t tid, int32_t owner) {
  ThreadSample sample = Thread(tid);
  sample.wait = WaitKind::kMutex;
  sample.object = 0x1000u + static_cast<uintptr_t>(owner);
  sample.owner = owner;
  return sample;
}

ThreadList ListOf(const std::vector<ThreadSample>& samples) {
  ThreadList list;
  for (const ThreadSample& sample : samples) list.threads.push_back({sample, {}});
  return list;
}

// The state of a thread in this call, with these functions on its stack.
ThreadEntry Described(ThreadSample sample, std::initializer_list<uintptr_t> functions) {
  sample.stack = fake_hot::Stack(functions);
  ThreadList list = ListOf({sample});
  DescribeThreads(Symbols::Of(AddressesOf(list), Mappings::OfThisProcess()), &list);
  return list.threads.front();
}

// By name from libc: a sanitizer's interceptor may be in front of it.
uintptr_t InsideLibcs(const char* function) {
  void* libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
  EXPECT_NE(libc, nullptr);
  const auto address = reinterpret_cast<uintptr_t>(dlsym(libc, function));
  EXPECT_NE(address, 0u) << function;
  dlclose(libc);
  return address + 1;
}

TEST(ReadThreads, PutsTheMainThreadFirst) {
  fake_hot::Reset();
  fake_hot::AddThread(Thread(getpid() + 2));
  fake_hot::AddThread(Thread(1));
  fake_hot::AddThread(Thread(getpid()));
  const ThreadList list = ReadThreads();
  ASSERT_EQ(list.threads.size(), 3u);
  EXPECT_EQ(list.threads[0].sample.tid, getpid());
  EXPECT_EQ(list.threads[1].sample.tid, 1);
}

TEST(DescribeThreads, KnowsWaitsByLibcsFunctions) {
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_mutex_lock(&mutex);
  ThreadSample sample = Thread(2);
  sample.syscall = SYS_futex;
  sample.arguments[0] = reinterpret_cast<uint64_t>(&mutex);
  const ThreadEntry waits = Described(sample, {0x10, InsideLibcs("pthread_mutex_lock")});
  EXPECT_EQ(waits.state, "mutex wait");
  EXPECT_EQ(waits.sample.object, reinterpret_cast<uintptr_t>(&mutex));
  EXPECT_EQ(waits.sample.owner, static_cast<int32_t>(syscall(SYS_gettid)));
  pthread_mutex_unlock(&mutex);
  EXPECT_EQ(Described(sample, {InsideLibcs("pthread_barrier_wait")}).state, "barrier wait");
  EXPECT_EQ(Described(sample, {0x10}).state, "futex") << "not one of those";
}

TEST(DescribeThreads, FindsTheObjectThatAWordIsPartOf) {
  pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
  pthread_rwlock_wrlock(&lock);
  ThreadSample sample = Thread(2);
  sample.syscall = SYS_futex;
  for (const uintptr_t part : {offsetof(pthread_rwlock_t, __data.__wrphase_futex),
                               offsetof(pthread_rwlock_t, __data.__writers_futex)}) {
    sample.arguments[0] = reinterpret_cast<uint64_t>(&lock) + part;
    const ThreadEntry waits = Described(sample, {InsideLibcs("pthread_rwlock_rdlock")});
    EXPECT_EQ(waits.state, "rwlock read wait");
    EXPECT_EQ(waits.sample.object, reinterpret_cast<uintptr_t>(&lock));
    EXPECT_EQ(waits.sample.owner, static_cast<int32_t>(syscall(SYS_gettid)));
  }
  pthread_rwlock_unlock(&lock);
  pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
  for (const int group : {0, 1}) {
    sample.arguments[0] = reinterpret_cast<uint64_t>(&condition) +
                          offsetof(pthread_cond_t, __data.__g_signals) +
                          static_cast<uint64_t>(group) * 4;
    const ThreadEntry waits = Described(sample, {InsideLibcs("pthread_cond_wait")});
    EXPECT_EQ(waits.state, "cond wait");
    EXPECT_EQ(waits.sample.object, reinterpret_cast<uintptr_t>(&condition));
    EXPECT_EQ(waits.sample.owner, 0);
  }
}

TEST(DescribeThreads, HasWordsForEveryState) {
  ThreadSample sample = Thread(2);
  EXPECT_EQ(Described(sample, {0x10}).state, "page fault");
  sample.syscall = SYS_poll;
  EXPECT_EQ(Described(sample, {0x10}).state, "poll");
  sample.wait = WaitKind::kIo;
  EXPECT_EQ(Described(sample, {0x10}).state, "poll");
  sample.wait = WaitKind::kSleep;
  EXPECT_EQ(Described(sample, {0x10}).state, "sleep");
  sample.state = ThreadActivity::kRunning;
  EXPECT_EQ(Described(sample, {0x10}).state, "running");
  sample.state = ThreadActivity::kEnded;
  EXPECT_EQ(Described(sample, {0x10}).state, "exited");
}

TEST(DescribeThreads, BearsObjectsThatAreGone) {
  ThreadSample sample = Thread(2);
  sample.syscall = SYS_futex;
  sample.arguments[0] = 8;
  EXPECT_EQ(Described(sample, {InsideLibcs("pthread_mutex_lock")}).sample.owner, 0);
}

TEST(FindDeadlocks, FindsCircles) {
  const ThreadList list = ListOf({
      WaitsFor(10, 11),
      WaitsFor(11, 12),
      WaitsFor(12, 10),  // a circle of three
      WaitsFor(20, 10),  // waits for one in it
      WaitsFor(30, 30),  // for itself
      WaitsFor(40, 41),
      Thread(41),        // for one that does not wait
      WaitsFor(50, 99),  // for one that is gone
      WaitsFor(60, 61),
      WaitsFor(61, 60),
  });
  const std::vector<std::vector<size_t>> circles = FindDeadlocks(list);
  ASSERT_EQ(circles.size(), 3u);
  EXPECT_EQ(circles[0], (std::vector<size_t>{0, 1, 2}));
  EXPECT_EQ(circles[1], (std::vector<size_t>{4}));
  EXPECT_EQ(circles[2], (std::vector<size_t>{8, 9}));
}

TEST(FindDeadlocks, FindsNoneWhereThereIsNone) {
  EXPECT_TRUE(FindDeadlocks(ListOf({})).empty());
  EXPECT_TRUE(FindDeadlocks(ListOf({WaitsFor(1, 2), WaitsFor(2, 3), Thread(3)})).empty());
}

}  // namespace
}  // namespace pprofagent::service
