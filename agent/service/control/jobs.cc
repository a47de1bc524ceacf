// SPDX-License-Identifier: Apache-2.0
#include "agent/service/control/jobs.h"

#include <linux/futex.h>
#include <sched.h>
#include <time.h>

#include <atomic>
#include <cstdint>

#include "agent/hot/controls.h"
#include "agent/hot/rt/raw_syscall.h"
#include "agent/service/control/helper_thread.h"

namespace pprofagent::service {
namespace {

struct Job {
  const JobWork* work;
  Job* next = nullptr;
  std::atomic<uint32_t> done{0};
};

constinit std::atomic<bool> list_held{false};
constinit Job* first_job = nullptr;

class ListLock {
 public:
  ListLock() {
    while (list_held.exchange(true, std::memory_order_acquire)) sched_yield();
  }
  ~ListLock() { list_held.store(false, std::memory_order_release); }
  ListLock(const ListLock&) = delete;
  ListLock& operator=(const ListLock&) = delete;
};

void Append(Job* job) {
  const ListLock lock;
  Job** end = &first_job;
  while (*end != nullptr) end = &(*end)->next;
  *end = job;
}

// False if the helper has taken it.
bool Withdraw(const Job* job) {
  const ListLock lock;
  for (Job** at = &first_job; *at != nullptr; at = &(*at)->next) {
    if (*at != job) continue;
    *at = job->next;
    return true;
  }
  return false;
}

Job* TakeFirst() {
  const ListLock lock;
  Job* job = first_job;
  if (job != nullptr) first_job = job->next;
  return job;
}

void WaitFor(const Job& job, int64_t nanoseconds) {
  const timespec timeout = {0, nanoseconds};
  hot::RawSyscall(SYS_futex, &job.done, FUTEX_WAIT_PRIVATE, 0, &timeout, nullptr, 0);
}

}  // namespace

bool RunOnHelper(const JobWork& work) {
  // A helper that ends at this very moment is noticed after so long.
  constexpr int64_t kLookAgainNs = 200'000'000;
  Job job{.work = &work};
  Append(&job);
  while (job.done.load(std::memory_order_acquire) == 0) {
    if (!StartHelperThread() && Withdraw(&job)) return false;
    hot::MakeRequest(hot::kRequestHelper);
    WaitFor(job, kLookAgainNs);
  }
  return true;
}

void RunJobs(Controller& controller) {
  while (Job* job = TakeFirst()) {
    (*job->work)(controller);
    // From here on it may be gone.
    job->done.store(1, std::memory_order_release);
    hot::RawSyscall(SYS_futex, &job->done, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
  }
}

void ForgetJobs() {
  list_held.store(false, std::memory_order_relaxed);
  first_job = nullptr;
}

}  // namespace pprofagent::service
