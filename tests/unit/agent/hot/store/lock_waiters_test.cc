// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/store/lock_waiters.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace pprofagent::hot {
namespace {

class LockWaiters : public testing::Test {
 protected:
  void SetUp() override { ResetLockWaiters(); }

  struct Charged {
    uint64_t waited = 0;
    uint64_t now = 0;
    int times = 0;
    LockNote* note = nullptr;
  };
  static Charged Release(const void* lock, LockNote* note = nullptr) {
    Charged charged;
    charged.note = note;
    ReleaseToWaiters(
        lock,
        [](void* context, const ReleaseCharge& charge) {
          auto* to = static_cast<Charged*>(context);
          to->waited = charge.waited_ns;
          to->now = charge.now_ns;
          ++to->times;
          return to->note;
        },
        &charged);
    return charged;
  }
  static uint64_t Leave(const void* lock, const LockWait& wait) {
    return LeaveLockWaiters(lock, wait).now_ns;
  }

  static bool HasWaiters(const void* lock) { return LockWaitersOf(lock) != 0; }
  static const void* At(uintptr_t address) { return reinterpret_cast<const void*>(address); }

  Random random_;
};

TEST_F(LockWaiters, AReleaseIsChargedWithAllThatWasWaited) {
  LockWait a{};
  LockWait b{};
  JoinLockWaiters(At(0x1000), &random_, &a);
  JoinLockWaiters(At(0x1000), &random_, &b);
  EXPECT_TRUE(HasWaiters(At(0x1000)));
  const Charged first = Release(At(0x1000));
  EXPECT_EQ(first.waited, (first.now - a.since_ns) + (first.now - b.since_ns));
  // Both go on waiting: from here.
  const Charged second = Release(At(0x1000));
  EXPECT_EQ(second.waited, 2 * (second.now - first.now));
  Leave(At(0x1000), a);
  LockWait c{};
  JoinLockWaiters(At(0x1000), &random_, &c);
  const Charged third = Release(At(0x1000));
  EXPECT_EQ(third.waited, (third.now - second.now) + (third.now - c.since_ns));
  Leave(At(0x1000), b);
  Leave(At(0x1000), c);
  EXPECT_FALSE(HasWaiters(At(0x1000)));
  EXPECT_EQ(Release(At(0x1000)).times, 0);
}

TEST_F(LockWaiters, LocksThatShareASlotAreToldApart) {
  // One apart in `address >> 3` and in `address >> 12`.
  const void* const one = At(0x100000);
  const void* const other = At(0x100000 + (uintptr_t{1} << 25));
  ASSERT_EQ(&LockSlotOf(one), &LockSlotOf(other));
  LockWait a{};
  LockWait b{};
  JoinLockWaiters(one, &random_, &a);
  JoinLockWaiters(other, &random_, &b);
  const Charged charged = Release(other);
  EXPECT_EQ(charged.waited, charged.now - b.since_ns);
  Leave(other, b);
  EXPECT_EQ(Release(other).times, 0);
  EXPECT_EQ(Release(one).times, 1);
  Leave(one, a);
}

TEST_F(LockWaiters, NotesGoToWhoLeavesNext) {
  LockWait a{};
  LockWait b{};
  JoinLockWaiters(At(0x2000), &random_, &a);
  JoinLockWaiters(At(0x2000), &random_, &b);
  LockNote first{};
  LockNote second{};
  Release(At(0x2000), &first);
  Release(At(0x2000), &second);
  const LockNote* notes = LeaveLockWaiters(At(0x2000), b).notes;
  EXPECT_EQ(notes, &second);
  EXPECT_EQ(notes->next, &first);
  EXPECT_EQ(LeaveLockWaiters(At(0x2000), a).notes, nullptr);
}

TEST_F(LockWaiters, AnAbandonedSlotIsPassedOverAndThenStartedAfresh) {
  LockSlot& slot = LockSlotOf(At(0x3000));
  LockWait before{};
  JoinLockWaiters(At(0x3000), &random_, &before);
  slot.state.store(1);  // somebody holds it and was suspended
  const uint64_t missed = LockWaitsMissed();
  LockWait wait{};
  EXPECT_GT(JoinLockWaiters(At(0x3000), &random_, &wait), 0u);
  EXPECT_FALSE(wait.is_counted);
  EXPECT_EQ(wait.stands_for, 1u) << "of the block profile it is a wait as any other";
  EXPECT_EQ(slot.state.load(), 2) << "abandoned";
  EXPECT_EQ(Release(At(0x3000)).times, 0);
  Leave(At(0x3000), before);
  EXPECT_EQ(LockWaitsMissed(), missed + 3);
  ResetLockWaiters();
  EXPECT_FALSE(HasWaiters(At(0x3000)));
  // Of before; must not be counted out of the new count.
  JoinLockWaiters(At(0x3000), &random_, &wait);
  Leave(At(0x3000), before);
  EXPECT_TRUE(HasWaiters(At(0x3000)));
  Leave(At(0x3000), wait);
  EXPECT_FALSE(HasWaiters(At(0x3000)));
}

// All that is charged, plus what each waiter waited after the last release it
// saw, is all that was waited: nothing is charged twice.
TEST_F(LockWaiters, ManyThreadsAreNeverChargedForMoreThanTheyWaited) {
  constexpr int kThreads = 4;
  std::vector<uint64_t> waited(kThreads);
  std::vector<uint64_t> charged(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      Random random;
      random.Seed(static_cast<uint64_t>(t) + 1);
      for (int i = 0; i < 5000; ++i) {
        const void* lock = At(0x4000 + 8 * (static_cast<uintptr_t>(i) % 3));
        LockWait wait{};
        JoinLockWaiters(lock, &random, &wait);
        charged[t] += Release(lock).waited;
        // The locks become busy, one after the other.
        const uint64_t now = Leave(lock, wait);
        if (wait.is_counted) waited[t] += now - wait.since_ns;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  uint64_t all_waited = 0;
  uint64_t all_charged = 0;
  for (int t = 0; t < kThreads; ++t) {
    all_waited += waited[t];
    all_charged += charged[t];
  }
  EXPECT_GT(all_charged, 0u);
  EXPECT_LE(all_charged, all_waited);
  for (uintptr_t i = 0; i < 3; ++i) {
    EXPECT_EQ(LockSlotOf(At(0x4000 + 8 * i)).waiters.load() & ~kHasBusyLock, 0u);
  }
}

}  // namespace
}  // namespace pprofagent::hot
