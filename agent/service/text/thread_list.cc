// SPDX-License-Identifier: Apache-2.0
#include "agent/service/text/thread_list.h"

#include <pthread.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <string_view>
#include <unordered_set>

#include "agent/service/text/syscall_names.h"

namespace pprofagent::service {
namespace {

using hot::ThreadActivity;
using hot::WaitKind;

struct WaitName {
  std::string_view function;
  WaitKind kind;
};

// libc's functions that wait, without the "__GI_", "__new_" and the like that
// symbol tables have before their names. The last one is a part of sem_wait, which
// it is jumped to from.
constexpr WaitName kWaits[] = {
    {"pthread_mutex_lock", WaitKind::kMutex},
    {"pthread_mutex_timedlock", WaitKind::kMutex},
    {"pthread_mutex_clocklock", WaitKind::kMutex},
    {"mtx_lock", WaitKind::kMutex},
    {"mtx_timedlock", WaitKind::kMutex},
    {"pthread_rwlock_rdlock", WaitKind::kRwlockRead},
    {"pthread_rwlock_timedrdlock", WaitKind::kRwlockRead},
    {"pthread_rwlock_clockrdlock", WaitKind::kRwlockRead},
    {"pthread_rwlock_wrlock", WaitKind::kRwlockWrite},
    {"pthread_rwlock_timedwrlock", WaitKind::kRwlockWrite},
    {"pthread_rwlock_clockwrlock", WaitKind::kRwlockWrite},
    {"pthread_cond_wait", WaitKind::kCondition},
    {"pthread_cond_timedwait", WaitKind::kCondition},
    {"pthread_cond_clockwait", WaitKind::kCondition},
    {"cnd_wait", WaitKind::kCondition},
    {"cnd_timedwait", WaitKind::kCondition},
    {"sem_wait", WaitKind::kSemaphore},
    {"sem_timedwait", WaitKind::kSemaphore},
    {"sem_clockwait", WaitKind::kSemaphore},
    {"pthread_join", WaitKind::kJoin},
    {"pthread_timedjoin_np", WaitKind::kJoin},
    {"pthread_clockjoin_np", WaitKind::kJoin},
    {"pthread_clockjoin_ex", WaitKind::kJoin},
    {"thrd_join", WaitKind::kJoin},
    {"pthread_barrier_wait", WaitKind::kBarrier},
    {"sem_wait_slow64.constprop.0", WaitKind::kSemaphore},
};

// Between a system call and the function the program called, libc has few.
constexpr uint32_t kLibcFrames = 5;

WaitKind KindOf(std::string_view function) {
  for (bool changed = true; changed;) {
    changed = false;
    for (const std::string_view prefix : {"_", "GI_", "new_"}) {
      if (!function.starts_with(prefix)) continue;
      function.remove_prefix(prefix.size());
      changed = true;
    }
  }
  for (const WaitName& wait : kWaits) {
    if (wait.function == function) return wait.kind;
  }
  return WaitKind::kNone;
}

std::string_view WordsFor(WaitKind kind) {
  switch (kind) {
    case WaitKind::kMutex:
      return "mutex wait";
    case WaitKind::kRwlockRead:
      return "rwlock read wait";
    case WaitKind::kRwlockWrite:
      return "rwlock write wait";
    case WaitKind::kCondition:
      return "cond wait";
    case WaitKind::kSemaphore:
      return "sem wait";
    case WaitKind::kJoin:
      return "join";
    case WaitKind::kBarrier:
      return "barrier wait";
    case WaitKind::kSleep:
      return "sleep";
    case WaitKind::kIo:
      return "io wait";
    case WaitKind::kNone:
      break;
  }
  return "";
}

// A word of memory that may not be there any more.
int32_t ReadThreadId(uintptr_t address) {
  int32_t tid = 0;
  const iovec to = {&tid, sizeof(tid)};
  // NOLINTNEXTLINE(performance-no-int-to-ptr): an address found by other means
  const iovec from = {reinterpret_cast<void*>(address), sizeof(tid)};
  const bool read = process_vm_readv(getpid(), &to, 1, &from, 1, 0) == sizeof(tid);
  return read && tid > 0 ? tid : 0;
}

// From the word that a futex call waits on to the object whose part it is, as
// glibc lays them out.
void FindObject(WaitKind kind, uintptr_t word, hot::ThreadSample* sample) {
  constexpr uintptr_t kAligned = ~uintptr_t{7};
  switch (kind) {
    case WaitKind::kMutex:
      sample->object = word;
      sample->owner = ReadThreadId(word + offsetof(pthread_mutex_t, __data.__owner));
      break;
    case WaitKind::kRwlockRead:
    case WaitKind::kRwlockWrite:
      sample->object = (word & kAligned) - offsetof(pthread_rwlock_t, __data.__wrphase_futex);
      sample->owner =
          ReadThreadId(sample->object + offsetof(pthread_rwlock_t, __data.__cur_writer));
      break;
    case WaitKind::kCondition:
      sample->object = (word - offsetof(pthread_cond_t, __data.__g_signals)) & kAligned;
      break;
    case WaitKind::kJoin:
      // The kernel clears it when the thread has ended.
      sample->owner = ReadThreadId(word);
      break;
    default:
      sample->object = word;
      break;
  }
}

void FindWait(const Symbols& symbols, hot::ThreadSample* sample) {
  if (sample->wait != WaitKind::kNone || sample->syscall != SYS_futex) return;
  const uint32_t most = std::min(sample->stack.depth, kLibcFrames);
  for (uint32_t i = 0; i < most; ++i) {
    const WaitKind kind = KindOf(symbols.Find(sample->stack.pcs[i]).function);
    if (kind == WaitKind::kNone) continue;
    sample->wait = kind;
    FindObject(kind, sample->arguments[0], sample);
    return;
  }
}

std::string StateOf(const hot::ThreadSample& sample) {
  switch (sample.state) {
    case ThreadActivity::kRunning:
      return "running";
    case ThreadActivity::kEnded:
      return "exited";
    case ThreadActivity::kUnknown:
      return "unknown";
    case ThreadActivity::kBlocked:
      break;
  }
  // An interposed I/O call is told more exactly by its system call.
  if (sample.wait != WaitKind::kNone && sample.wait != WaitKind::kIo) {
    return std::string(WordsFor(sample.wait));
  }
  if (sample.syscall >= 0) return SyscallState(sample.syscall);
  return sample.wait == WaitKind::kIo ? std::string(WordsFor(sample.wait)) : "page fault";
}

void AddThread(void* list, const hot::ThreadSample& sample) {
  static_cast<ThreadList*>(list)->threads.push_back({sample, std::string()});
}

}  // namespace

ThreadList ReadThreads(hot::ThreadFacts facts) {
  ThreadList list;
  list.complete = hot::VisitThreads(facts, AddThread, &list);
  const int32_t main = getpid();
  std::sort(list.threads.begin(), list.threads.end(),
            [main](const ThreadEntry& a, const ThreadEntry& b) {
              return std::pair(a.sample.tid != main, a.sample.tid) <
                     std::pair(b.sample.tid != main, b.sample.tid);
            });
  return list;
}

std::vector<uint64_t> AddressesOf(const ThreadList& list) {
  std::vector<uint64_t> addresses;
  // Of thousands of threads most have the same few stacks.
  std::unordered_set<const uintptr_t*> seen;
  for (const ThreadEntry& thread : list.threads) {
    for (const hot::StackView& stack : {thread.sample.stack, thread.sample.created_by}) {
      if (!seen.insert(stack.pcs).second) continue;
      addresses.insert(addresses.end(), stack.pcs, stack.pcs + stack.depth);
    }
  }
  return addresses;
}

void DescribeThreads(const Symbols& symbols, ThreadList* list) {
  for (ThreadEntry& thread : list->threads) {
    FindWait(symbols, &thread.sample);
    thread.state = StateOf(thread.sample);
  }
}

std::vector<std::vector<size_t>> FindDeadlocks(const ThreadList& list) {
  constexpr size_t kNobody = SIZE_MAX;
  std::map<int32_t, size_t> by_tid;
  for (size_t i = 0; i < list.threads.size(); ++i) by_tid[list.threads[i].sample.tid] = i;
  const auto next = [&list, &by_tid](size_t i) {
    const hot::ThreadSample& sample = list.threads[i].sample;
    const auto owner = by_tid.find(sample.owner);
    return sample.owner != 0 && owner != by_tid.end() ? owner->second : kNobody;
  };
  std::vector<std::vector<size_t>> circles;
  // The round in which a thread was come to; 0: not yet.
  std::vector<size_t> seen(list.threads.size(), 0);
  for (size_t start = 0; start < list.threads.size(); ++start) {
    size_t at = start;
    while (at != kNobody && seen[at] == 0) {
      seen[at] = start + 1;
      at = next(at);
    }
    if (at == kNobody || seen[at] != start + 1) continue;
    std::vector<size_t>& circle = circles.emplace_back();
    size_t member = at;
    do {
      circle.push_back(member);
      member = next(member);
    } while (member != at);
  }
  return circles;
}

}  // namespace pprofagent::service
