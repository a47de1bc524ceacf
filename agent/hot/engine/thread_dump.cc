// SPDX-License-Identifier: Apache-2.0
//
// What all threads are doing at this moment (VisitThreads), found out without
// disturbing any of them.
//
//   blocked    the kernel tells where (task_files.h); the stack is copied and the
//              copy unwound (other_stack.h), with the help of the record that an
//              interposed call leaves (rt/parked.h); then the kernel is asked
//              again, and if the thread has moved meanwhile, the whole is repeated
//   running    looked at again, when all others have been: it may only have woken
//              up for a moment. Then asked by signal for its own stack
//              (stack_signal.h)
//
// A record may be stale: a handler that leaves a wait by siglongjmp leaves its
// record behind. So it says nothing of a thread that runs, nor of one whose stack
// is above the wait's caller or leads past it.
//
// Who holds the lock that a thread waits for is read from the lock itself: glibc
// keeps the owner's thread id in mutexes and the writer's in rwlocks.
//
// The agent's own threads are left out.
#include <pthread.h>
#include <sys/auxv.h>
#include <time.h>

#include "agent/hot/controls.h"
#include "agent/hot/engine/capture.h"
#include "agent/hot/engine/other_stack.h"
#include "agent/hot/engine/stack_signal.h"
#include "agent/hot/engine/task_files.h"
#include "agent/hot/rt/clock.h"
#include "agent/hot/rt/copy_memory.h"
#include "agent/hot/rt/mapped_pool.h"
#include "agent/hot/rt/raw_syscall.h"
#include "agent/hot/rt/sandbox.h"
#include "agent/hot/rt/task_list.h"
#include "agent/hot/snapshot.h"

namespace pprofagent::hot {

namespace {

// A thread that wakes up while its stack is copied is tried again so often.
constexpr int kTries = 4;
// Nanoseconds, doubled from one to the next: 25 ms at the most.
constexpr uint64_t kFirstNap = 50'000;
constexpr int kNaps = 9;
// Threads that blocked the signal throughout the last dump.
constinit uint32_t g_deaf = 0;
constexpr uint32_t kMostRunning = 1u << 16;

StackView View(const StackRecord* stack) {
  if (stack == nullptr) return {};
  return StackView{stack->pcs, stack->depth, stack->truncated, stack->labels};
}

// In the stack table, like every stack: two dumps can then be compared.
StackView Keep(const uintptr_t* pcs, uint32_t depth, bool truncated, uint32_t labels) {
  const StackRecord* stack = InternStack(pcs, depth, truncated, labels);
  if (stack == nullptr) CountStoreFull();
  return View(stack);
}

// The records by thread id, as they are when the dump begins: the list of records
// is long where there are many threads, and each lies in pages of its own. A hash
// table with linear probing, at most half full.
class RecordIndex {
 public:
  RecordIndex() {
    size_t records = 0;
    for (const ThreadRecord* r = FirstRecord(); r != nullptr; r = r->next) ++records;
    while (slots_ < 2 * records) slots_ *= 2;
    entries_ = static_cast<Entry*>(MapMemory(slots_ * sizeof(Entry)));
    if (entries_ == nullptr) return;
    // Records that are added meanwhile come first in the list.
    for (const ThreadRecord* r = FirstRecord(); r != nullptr && records > 0; r = r->next) {
      const int32_t tid = r->tid.load(std::memory_order_acquire);
      if (tid == 0) continue;
      --records;
      *SlotOf(tid) = {tid, r};
    }
  }
  ~RecordIndex() {
    if (entries_ != nullptr) UnmapMemory(entries_, slots_ * sizeof(Entry));
  }
  RecordIndex(const RecordIndex&) = delete;
  RecordIndex& operator=(const RecordIndex&) = delete;

  // Null: none, or it has become another thread's.
  const ThreadRecord* Find(int32_t tid) const {
    if (entries_ == nullptr) return nullptr;
    const ThreadRecord* record = SlotOf(tid)->record;
    const bool is_its = record != nullptr && record->tid.load(std::memory_order_acquire) == tid;
    return is_its ? record : nullptr;
  }

 private:
  struct Entry {
    int32_t tid;
    const ThreadRecord* record;
  };

  Entry* SlotOf(int32_t tid) const {
    size_t i = static_cast<uint32_t>(tid) * size_t{2654435761} % slots_;
    while (entries_[i].tid != 0 && entries_[i].tid != tid) i = (i + 1) % slots_;
    return &entries_[i];
  }

  size_t slots_ = 64;
  Entry* entries_;
};

int32_t TidOfHandle(uintptr_t handle) {
  for (const ThreadRecord* r = FirstRecord(); r != nullptr; r = r->next) {
    if (r->handle == handle) return r->tid.load(std::memory_order_acquire);
  }
  return 0;
}

// A field of a lock, which may be gone or no lock at all.
int32_t ReadThreadId(uintptr_t address) {
  int32_t tid = 0;
  return CopyObject(address, &tid) && tid > 0 ? tid : 0;
}

int32_t OwnerOf(WaitKind kind, uintptr_t object) {
  switch (kind) {
    case WaitKind::kMutex:
      return ReadThreadId(object + offsetof(pthread_mutex_t, __data.__owner));
    case WaitKind::kRwlockRead:
    case WaitKind::kRwlockWrite:
      return ReadThreadId(object + offsetof(pthread_rwlock_t, __data.__cur_writer));
    case WaitKind::kJoin:
      return TidOfHandle(object);
    default:
      return 0;
  }
}

// Of a thread whose stack cannot be had: its start routine, or the program's entry.
StackView WhereItBegan(const ThreadRecord* record) {
  const uintptr_t start = record != nullptr ? record->start_routine : 0;
  return View(CaptureSingleFrame(start != 0 ? start : getauxval(AT_ENTRY), record));
}

// Whether all of a stack is known and the call that returns to `return_address` is
// not on it. Frame pointers alone lead past callers of functions that keep none.
bool LeadsPast(const OtherStack& stack, uintptr_t return_address) {
  if (!stack.complete || stack.truncated || !WalksByTables()) return false;
  for (uint32_t i = 0; i < stack.depth; ++i) {
    if (FrameAddress(stack.pcs[i]) == return_address - 1) return false;
  }
  return true;
}

class Dump {
 public:
  Dump(ThreadFacts facts, ThreadVisitor visitor, void* context)
      : facts_(facts),
        visitor_(visitor),
        context_(context),
        own_tid_(CurrentThreadId()),
        stack_(static_cast<OtherStack*>(MapMemory(sizeof(OtherStack)))),
        running_(static_cast<int32_t*>(MapMemory(kMostRunning * sizeof(int32_t)))) {}
  ~Dump() {
    if (stack_ != nullptr) UnmapMemory(stack_, sizeof(OtherStack));
    if (running_ != nullptr) UnmapMemory(running_, kMostRunning * sizeof(int32_t));
  }
  Dump(const Dump&) = delete;
  Dump& operator=(const Dump&) = delete;

  bool Run() {
    if (!files_.valid() || stack_ == nullptr || running_ == nullptr) return false;
    if (facts_ == ThreadFacts::kAll) {
      // On the same clock, and now: the calling thread runs.
      const uint64_t ran = files_.ReadLastRan(own_tid_);
      scheduler_clock_ahead_ = ran == 0 ? 0 : static_cast<int64_t>(ran - MonotonicNanos());
      has_scheduler_clock_ = ran != 0;
    }
    const bool listed = ForEachTask(
        [](int32_t tid, void* dump) {
          static_cast<Dump*>(dump)->VisitTask(tid);
          return true;
        },
        this);
    VisitRunning();
    return listed;
  }

 private:
  // What does not depend on the thread's state.
  ThreadSample Begin(int32_t tid, const ThreadRecord* record) const {
    ThreadSample sample{};
    sample.tid = tid;
    sample.syscall = -1;
    sample.waited_ns = -1;
    if (facts_ == ThreadFacts::kAll) files_.ReadName(tid, sample.name);
    if (record != nullptr) {
      sample.creator_tid = record->creator_tid;
      sample.created_by = View(record->created_by);
    }
    return sample;
  }

  enum class Look : uint8_t { kPassed, kRunning, kMoved };

  void VisitTask(int32_t tid) {
    if (tid == own_tid_ || tid == HelperCompanion()) return;
    const TaskCallFile file(files_, tid);
    Look look = Look::kMoved;
    for (int i = 0; i < kTries && look == Look::kMoved; ++i) look = LookAt(tid, file);
    if (look != Look::kPassed && running_count_ < kMostRunning) running_[running_count_++] = tid;
  }

  // Passes the thread on if it is not running. kMoved: it woke up meanwhile.
  Look LookAt(int32_t tid, const TaskCallFile& file) {
    const ThreadRecord* record = records_.Find(tid);
    ParkedFacts parked = record != nullptr ? ReadParked(record->parked) : ParkedFacts{};
    const TaskCall call = file.Read();
    // Before it is asked whether the thread has moved: then they go with the stack.
    const uint32_t labels = record != nullptr ? record->labels.load(std::memory_order_relaxed) : 0;
    if (call.state == TaskCall::kRunning) return Look::kRunning;
    Registers blocked{};
    if (call.state == TaskCall::kBlocked) {
      blocked.pc = call.pc;
      blocked.sp = call.sp;
      blocked.bp = kUnknownRegister;
    }
    if (blocked.sp > parked.caller.sp) parked = {};
    const bool is_parked = ParkedCall::IsParked(parked.sequence);
    const bool has_stack = blocked.sp != 0 || is_parked;
    if (has_stack) {
      UnwindOther(blocked, call.number >= 0 ? PcKind::kReturnAddress : PcKind::kExact, parked,
                  stack_);
      if (is_parked && record->parked.sequence.load(std::memory_order_acquire) != parked.sequence)
        return Look::kMoved;
      if (blocked.sp != 0 && file.Read() != call) return Look::kMoved;
      if (stack_->began_in_agent && record == nullptr) return Look::kPassed;
      if (is_parked && LeadsPast(*stack_, parked.caller.pc)) parked = {};
    }
    Pass(tid, record, call, parked, labels, has_stack);
    return Look::kPassed;
  }

  void Pass(int32_t tid, const ThreadRecord* record, const TaskCall& call,
            const ParkedFacts& parked, uint32_t labels, bool has_stack) {
    ThreadSample sample = Begin(tid, record);
    if (call.state == TaskCall::kUnknown && HasEnded(tid)) return;
    sample.state = call.state == TaskCall::kEnded     ? ThreadActivity::kEnded
                   : call.state == TaskCall::kUnknown ? ThreadActivity::kUnknown
                                                      : ThreadActivity::kBlocked;
    if (call.state == TaskCall::kBlocked) {
      sample.syscall = call.number;
      for (int i = 0; i < 6; ++i) sample.arguments[i] = call.arguments[i];
    }
    if (has_stack && stack_->depth > 0) {
      sample.stack = Keep(stack_->pcs, stack_->depth, stack_->truncated, labels);
      sample.complete = stack_->complete;
    } else {
      sample.stack = WhereItBegan(record);
    }
    if (ParkedCall::IsParked(parked.sequence)) {
      sample.wait = parked.kind;
      sample.object = parked.object;
      sample.owner = OwnerOf(parked.kind, parked.object);
      sample.waited_ns = static_cast<int64_t>(MonotonicNanos() - parked.since_ns);
    } else if (call.state == TaskCall::kBlocked) {
      sample.waited_ns = WaitedByScheduler(tid);
    }
    visitor_(context_, sample);
  }

  int64_t WaitedByScheduler(int32_t tid) const {
    const uint64_t ran = has_scheduler_clock_ ? files_.ReadLastRan(tid) : 0;
    if (ran == 0) return -1;
    const auto now = static_cast<int64_t>(MonotonicNanos()) + scheduler_clock_ahead_;
    const int64_t waited = now - static_cast<int64_t>(ran);
    return waited > 0 ? waited : 0;
  }

  void VisitRunning() {
    AskThoseThatHear();
    // Who blocks the signal is mostly in a handler (the one that asked for this dump,
    // for instance) that soon ends. Those that do it for good are not waited for in
    // every dump.
    uint64_t nap = kFirstNap;
    for (int i = 0; i < kNaps && running_count_ > g_deaf; ++i, nap *= 2) {
      const timespec span = {0, static_cast<long>(nap)};
      RawSyscall(SYS_nanosleep, &span, nullptr);
      AskThoseThatHear();
    }
    g_deaf = running_count_;
    for (uint32_t i = 0; i < running_count_; ++i) PassRunning(running_[i], nullptr);
  }

  // The others remain in the list.
  void AskThoseThatHear() {
    uint32_t left = 0;
    for (uint32_t i = 0; i < running_count_; ++i) {
      if (!AskOrLook(running_[i])) running_[left++] = running_[i];
    }
    running_count_ = left;
    Collect();
  }

  // Only a thread that was running just now, and did not block it, gets the signal.
  // False: neither could be done.
  bool AskOrLook(int32_t tid) {
    const TaskCallFile file(files_, tid);
    for (int i = 0; i < kTries; ++i) {
      switch (LookAt(tid, file)) {
        case Look::kPassed:
          return true;
        case Look::kMoved:
          break;
        case Look::kRunning:
          if (!CanBeAsked(tid)) return false;
          Ask(tid);
          return true;
      }
    }
    return false;
  }

  void Ask(int32_t tid) {
    StackQuestions::Sent sent = questions_.Ask(tid);
    if (sent == StackQuestions::Sent::kNoRoom) {
      Collect();
      sent = questions_.Ask(tid);
    }
    if (sent != StackQuestions::Sent::kYes) PassRunning(tid, nullptr);
  }

  void Collect() {
    questions_.Collect(
        [](const AskedStack& stack, void* dump) {
          static_cast<Dump*>(dump)->PassRunning(stack.tid, stack.answered ? &stack : nullptr);
        },
        this);
  }

  bool CanBeAsked(int32_t tid) const {
    return !IsSandboxed() && StackSignal() != 0 && !files_.Blocks(tid, StackSignal());
  }

  void PassRunning(int32_t tid, const AskedStack* stack) {
    if (stack == nullptr && HasEnded(tid)) return;
    ThreadSample sample = Begin(tid, records_.Find(tid));
    sample.state = ThreadActivity::kRunning;
    if (stack != nullptr) {
      sample.stack = Keep(stack->pcs, stack->depth, stack->truncated, stack->labels);
      sample.complete = true;
    } else {
      sample.stack = WhereItBegan(records_.Find(tid));
    }
    visitor_(context_, sample);
  }

  static bool HasEnded(int32_t tid) {
    return RawSyscall(SYS_tgkill, RawSyscall(SYS_getpid), tid, 0) != 0;
  }

  const ThreadFacts facts_;
  const ThreadVisitor visitor_;
  void* const context_;
  const int32_t own_tid_;
  const TaskFiles files_;
  const RecordIndex records_;
  OtherStack* const stack_;
  int32_t* const running_;
  uint32_t running_count_ = 0;
  StackQuestions questions_;
  int64_t scheduler_clock_ahead_ = 0;
  bool has_scheduler_clock_ = false;
};

}  // namespace

bool VisitThreads(ThreadFacts facts, ThreadVisitor visitor, void* context) {
  return Dump(facts, visitor, context).Run();
}

}  // namespace pprofagent::hot
