// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/engine/safe_point.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>

#include <cstdint>

#include "agent/hot/rt/real.h"
#include "agent/hot/rt/thread_state.h"

// glibc 2.35 and later: lock-free, async-signal-safe.
#pragma weak _dl_find_object

namespace pprofagent::hot {

namespace {

// futex is not among them: libc waits for its own locks with it. See
// IsInProgramsWait.
constexpr long kBlockingCalls[] = {
    SYS_read,
    SYS_readv,
    SYS_pread64,
    SYS_preadv,
    SYS_write,
    SYS_writev,
    SYS_pwrite64,
    SYS_pwritev,
    SYS_poll,
    SYS_ppoll,
    SYS_select,
    SYS_pselect6,
    SYS_epoll_wait,
    SYS_epoll_pwait,
    SYS_nanosleep,
    SYS_accept,
    SYS_accept4,
    SYS_connect,
    SYS_recvfrom,
    SYS_recvmsg,
    SYS_recvmmsg,
    SYS_sendto,
    SYS_sendmsg,
    SYS_sendmmsg,
    SYS_wait4,
    SYS_waitid,
    SYS_pause,
    SYS_flock,
    SYS_fsync,
    SYS_fdatasync,
    SYS_sendfile,
    SYS_splice,
    SYS_tee,
    SYS_msgrcv,
    SYS_msgsnd,
    SYS_semop,
    SYS_semtimedop,
    SYS_mq_timedreceive,
    SYS_mq_timedsend,
    SYS_io_getevents,
    SYS_rt_sigtimedwait,
    SYS_rt_sigsuspend,
    SYS_clock_nanosleep,
    SYS_epoll_pwait2,
    SYS_io_uring_enter,
    // Not blocking, but where a program that signals itself is interrupted.
    SYS_kill,
    SYS_tgkill,
};

struct Range {
  uintptr_t begin;
  uintptr_t end;
};
// libc, the loader, the allocator (as the program binds it, and as we forward to
// it), the agent itself.
constexpr int kCriticalModules = 5;
constinit Range g_critical[kCriticalModules] = {};

bool FindModule(uintptr_t address, Range* range) {
  dl_find_object object;
  if (_dl_find_object == nullptr ||
      _dl_find_object(reinterpret_cast<void*>(address), &object) != 0) {
    return false;
  }
  range->begin = reinterpret_cast<uintptr_t>(object.dlfo_map_start);
  range->end = reinterpret_cast<uintptr_t>(object.dlfo_map_end);
  return true;
}

bool IsCritical(const Range& module) {
  for (const Range& critical : g_critical) {
    if (critical.begin == module.begin) return true;
  }
  return false;
}

bool IsBlocking(long number) {
  for (const long call : kBlockingCalls) {
    if (call == number) return true;
  }
  return false;
}

#if defined(__x86_64__)

uintptr_t InterruptedPc(const void* ucontext) {
  return static_cast<uintptr_t>(
      static_cast<const ucontext_t*>(ucontext)->uc_mcontext.gregs[REG_RIP]);
}

// What is left of the page at `address`, and what there is of it before.
size_t BytesAfter(uintptr_t address) { return 4096 - (address & 4095); }
size_t BytesBefore(uintptr_t address) { return address & 4095; }

// Code next to the interrupted instruction is read within its page only, which
// is there, because it was being executed.
bool IsSyscallAt(uintptr_t pc) {
  const auto* code = reinterpret_cast<const uint8_t*>(pc);
  return BytesAfter(pc) >= 2 && code[0] == 0x0f && code[1] == 0x05;
}

bool IsAfterSyscall(uintptr_t pc) { return BytesBefore(pc) >= 2 && IsSyscallAt(pc - 2); }

// The number in `mov $number, %eax` before the system call that ended at pc;
// negative if the code does not look like that.
long NumberBeforeSyscall(uintptr_t pc) {
  const auto* code = reinterpret_cast<const uint8_t*>(pc);
  if (BytesBefore(pc) < 7 || code[-7] != 0xb8) return -1;
  uint32_t number = 0;
  memcpy(&number, code - 6, sizeof(number));
  return static_cast<long>(number);
}

// The number of the system call that was interrupted while it waited; kUnknown:
// one did, but which cannot be told; kNone: the code was at something else.
constexpr long kNone = -1;
constexpr long kUnknown = -2;
long InterruptedCall(const void* ucontext) {
  const auto& registers = static_cast<const ucontext_t*>(ucontext)->uc_mcontext.gregs;
  const auto pc = static_cast<uintptr_t>(registers[REG_RIP]);
  const long rax = registers[REG_RAX];
  // The kernel wound the program counter back to the instruction, to restart
  // the call, and put its number back (or the signal came just before it).
  if (IsSyscallAt(pc)) return rax;
  if (!IsAfterSyscall(pc)) return kNone;
  const long number = NumberBeforeSyscall(pc);
  if (number >= 0) return number;
  // Only one that was waiting ends like this.
  return rax == -EINTR ? kUnknown : kNone;
}

// The call that an instruction interrupted while it waited, as far as the code
// tells. In libc only, whose code is there.
long CallAt(uintptr_t pc) {
  if (IsSyscallAt(pc)) return NumberBeforeSyscall(pc + 2);
  return IsAfterSyscall(pc) ? NumberBeforeSyscall(pc) : kNone;
}

bool IsInBlockingCall(long call) { return call == kUnknown || IsBlocking(call); }

// Whether the thread waits in an interposed call for something that nobody
// allocates or loads under: it has left a record (rt/parked.h), and what it is
// in is the wait itself. A mutex may be the allocator's.
bool IsInProgramsWait(long call) {
  if (call != SYS_futex || t_state.record == nullptr) return false;
  const ParkedCall& parked = t_state.record->parked;
  if (!ParkedCall::IsParked(parked.sequence.load(std::memory_order_relaxed))) return false;
  switch (parked.kind.load(std::memory_order_relaxed)) {
    case WaitKind::kCondition:
    case WaitKind::kSemaphore:
    case WaitKind::kJoin:
    case WaitKind::kBarrier:
      return true;
    default:
      return false;
  }
}

#else

uintptr_t InterruptedPc(const void* ucontext) {
  return static_cast<const ucontext_t*>(ucontext)->uc_mcontext.pc;
}

long InterruptedCall(const void*) { return -1; }
long CallAt(uintptr_t) { return -1; }
bool IsInBlockingCall(long) { return false; }
bool IsInProgramsWait(long) { return false; }

#endif

bool IsInProgramCode(const void* ucontext) {
  uint64_t blocked = 0;
  memcpy(&blocked, &static_cast<const ucontext_t*>(ucontext)->uc_sigmask, sizeof(blocked));
  Range module;
  return blocked == 0 && FindModule(InterruptedPc(ucontext), &module) && !IsCritical(module);
}

}  // namespace

void InitializeSafePoints() {
  const uintptr_t known[kCriticalModules] = {
      reinterpret_cast<uintptr_t>(g_real_other.sigaction),
      reinterpret_cast<uintptr_t>(_dl_find_object),
      reinterpret_cast<uintptr_t>(dlsym(RTLD_DEFAULT, "malloc")),
      reinterpret_cast<uintptr_t>(g_real.malloc),
      reinterpret_cast<uintptr_t>(&InitializeSafePoints),
  };
  for (int i = 0; i < kCriticalModules; ++i) {
    if (known[i] != 0) FindModule(known[i], &g_critical[i]);
  }
}

bool IsSafePoint(const void* ucontext) {
  const long call = InterruptedCall(ucontext);
  return IsInBlockingCall(call) || IsInProgramsWait(call) || IsInProgramCode(ucontext);
}

bool IsSafeInstruction(uintptr_t pc) {
  Range module;
  if (!FindModule(pc, &module) || !IsCritical(module)) return true;
  const long call = CallAt(pc);
  return IsInBlockingCall(call) || IsInProgramsWait(call);
}

}  // namespace pprofagent::hot
