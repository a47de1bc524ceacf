// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/engine/interrupted_call.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <ucontext.h>

#include "agent/hot/engine/capture.h"
#include "agent/hot/engine/signals.h"
#include "agent/hot/rt/copy_memory.h"
#include "agent/hot/rt/raw_syscall.h"

namespace pprofagent::hot {

namespace {

// Processor time from the sending of a signal to its handler, of a thread that
// does not block it: to wake up, to give up the call, to enter the handler.
constexpr uint64_t kDelivery = 30'000;

// What a handler does to a call.
enum class Effect : uint8_t {
  kNone,      // or it must not be made twice (close, connect)
  kEnds,      // it has done nothing yet, and fails with EINTR
  kRestarts,  // under SA_RESTART the kernel makes it again
};

struct Call {
  long number;
  uint64_t first;  // argument
  uint64_t second;
  uint64_t fourth;
};

// Sockets with a time limit are not waited for a second time by the kernel.
bool HasTimeLimit(uint64_t fd, int option) {
  timeval limit{};
  socklen_t size = sizeof(limit);
  return RawSyscall(SYS_getsockopt, fd, SOL_SOCKET, option, &limit, &size) == 0 &&
         (limit.tv_sec != 0 || limit.tv_usec != 0);
}

mode_t TypeOf(uint64_t fd, bool* known) {
  struct stat facts {};
  *known = RawSyscall(SYS_fstat, fd, &facts) == 0;
  return facts.st_mode & S_IFMT;
}

Effect EffectOnTransfer(const Call& call, int limit_option) {
  bool known = false;
  const mode_t type = TypeOf(call.first, &known);
  if (!known) return Effect::kNone;
  if (type == S_IFSOCK) {
    return HasTimeLimit(call.first, limit_option) ? Effect::kEnds : Effect::kRestarts;
  }
  if (type == S_IFIFO || type == S_IFCHR) return Effect::kRestarts;
  // What has no place in a file system and no type: of those that wait in read,
  // inotify alone does not restart.
  return type == 0 ? Effect::kEnds : Effect::kNone;
}

Effect EffectOnFutex(const Call& call) {
  const uint64_t command = call.second & FUTEX_CMD_MASK;
  if (command != FUTEX_WAIT && command != FUTEX_WAIT_BITSET) return Effect::kNone;
  return call.fourth != 0 ? Effect::kEnds : Effect::kRestarts;
}

// By what the kernel's functions return when a signal is pending: EINTR,
// ERESTARTNOHAND and ERESTART_RESTARTBLOCK, or ERESTARTSYS.
Effect EffectOn(const Call& call) {
  switch (call.number) {
    case SYS_poll:
    case SYS_ppoll:
    case SYS_select:
    case SYS_pselect6:
    case SYS_epoll_wait:
    case SYS_epoll_pwait:
#ifdef SYS_epoll_pwait2
    case SYS_epoll_pwait2:
#endif
    case SYS_nanosleep:
    case SYS_clock_nanosleep:
    case SYS_pause:
    case SYS_rt_sigsuspend:
    case SYS_rt_sigtimedwait:
    case SYS_msgrcv:
    case SYS_msgsnd:
    case SYS_semop:
    case SYS_semtimedop:
    case SYS_io_getevents:
    case SYS_io_uring_enter:
      return Effect::kEnds;
    case SYS_futex:
      return EffectOnFutex(call);
    case SYS_read:
    case SYS_readv:
    case SYS_recvfrom:
    case SYS_recvmsg:
    case SYS_recvmmsg:
    case SYS_accept:
    case SYS_accept4:
      return EffectOnTransfer(call, SO_RCVTIMEO);
    case SYS_write:
    case SYS_writev:
    case SYS_sendto:
    case SYS_sendmsg:
      return EffectOnTransfer(call, SO_SNDTIMEO);
    case SYS_fcntl:
      return call.second == F_SETLKW || call.second == F_OFD_SETLKW ? Effect::kRestarts
                                                                    : Effect::kNone;
    case SYS_wait4:
    case SYS_waitid:
    case SYS_flock:
    case SYS_mq_timedreceive:
    case SYS_mq_timedsend:
      return Effect::kRestarts;
    default:
      return Effect::kNone;
  }
}

// A disposition as the kernel keeps it.
struct Disposition {
  uintptr_t handler;
  unsigned long flags;
  uintptr_t restorer;
  uint64_t mask;
};

constexpr uint64_t Bit(int signal) { return uint64_t{1} << (signal - 1); }

// Whether the program has a handler for the signal.
bool IsHandledByProgram(int signal, Disposition* disposition) {
  if (RawSyscall(SYS_rt_sigaction, signal, nullptr, disposition, sizeof(uint64_t)) != 0) {
    return false;
  }
  const uintptr_t handler = disposition->handler;
  if (handler == reinterpret_cast<uintptr_t>(SIG_DFL) ||
      handler == reinterpret_cast<uintptr_t>(SIG_IGN)) {
    return false;
  }
  return !IsAgentCode(handler) || ProgramHandles(signal);
}

// Whether one that the program handles is pending and comes when our handler
// returns; whether one of those ends the calls too that SA_RESTART makes again.
bool IsOneForProgram(const ucontext_t* context, bool* one_ends_calls) {
  uint64_t pending = 0;
  RawSyscall(SYS_rt_sigpending, &pending, sizeof(pending));
  uint64_t blocked = 0;
  memcpy(&blocked, &context->uc_sigmask, sizeof(blocked));
  bool is_one = false;
  for (uint64_t rest = pending & ~blocked; rest != 0; rest &= rest - 1) {
    Disposition disposition{};
    if (!IsHandledByProgram(1 + __builtin_ctzll(rest), &disposition)) continue;
    is_one = true;
    *one_ends_calls |= (disposition.flags & SA_RESTART) == 0;
  }
  return is_one;
}

// Whether a handler of the program's can have held the signal up.
bool ProgramHoldsUp(int held) {
  // A program does not return from these to a call that waits.
  constexpr uint64_t kFaults = Bit(SIGSEGV) | Bit(SIGBUS) | Bit(SIGILL) | Bit(SIGFPE) |
                               Bit(SIGTRAP) | Bit(SIGABRT) | Bit(SIGSYS) | Bit(SIGKILL) |
                               Bit(SIGSTOP);
  constexpr int kSignals = 64;
  for (int signal = 1; signal <= kSignals; ++signal) {
    Disposition disposition{};
    if ((kFaults & Bit(signal)) == 0 && IsHandledByProgram(signal, &disposition) &&
        (disposition.mask & Bit(held)) != 0) {
      return true;
    }
  }
  return false;
}

constexpr size_t kSyscallBytes = 2;
// Between the number's load and the call libc puts a few other loads at most.
constexpr size_t kLookBack = 40;
constexpr uint32_t kMostCalls = 1024;

}  // namespace

long SyscallNumberBefore(const uint8_t* code_end, size_t bytes) {
  constexpr size_t kMoveBytes = 5;  // mov $number,%eax
  if (bytes < kSyscallBytes || code_end[-2] != 0x0f || code_end[-1] != 0x05) return -1;
  const uint8_t* const begin = code_end - bytes;
  for (const uint8_t* at = code_end - kSyscallBytes; at > begin; --at) {
    // xor %eax,%eax right before the call
    if (at == code_end - kSyscallBytes && at - begin >= 2 && at[-2] == 0x31 && at[-1] == 0xc0) {
      return 0;
    }
    if (at - begin < static_cast<ptrdiff_t>(kMoveBytes)) continue;
    const uint8_t* const move = at - kMoveBytes;
    // With a prefix it is another register.
    if (move[0] != 0xb8 || (move > begin && (move[-1] & 0xf0) == 0x40)) continue;
    uint32_t number = 0;
    memcpy(&number, move + 1, sizeof(number));
    if (number < kMostCalls) return number;
  }
  return -1;
}

#if defined(__x86_64__)
namespace {

// The call that the instruction before `end` makes. The instruction itself has put
// its end into %rcx.
bool FindCall(const greg_t* registers, uintptr_t end, Call* call) {
  uint8_t code[kLookBack];
  if (static_cast<uintptr_t>(registers[REG_RCX]) != end || !CopyObject(end - sizeof(code), &code)) {
    return false;
  }
  *call = {SyscallNumberBefore(code + sizeof(code), sizeof(code)),
           static_cast<uint64_t>(registers[REG_RDI]), static_cast<uint64_t>(registers[REG_RSI]),
           static_cast<uint64_t>(registers[REG_R10])};
  return call->number >= 0;
}

}  // namespace

bool RestartInterruptedCall(void* ucontext) {
  auto* const context = static_cast<ucontext_t*>(ucontext);
  auto& registers = context->uc_mcontext.gregs;
  Call call{};
  bool one_ends_calls = false;
  if (registers[REG_RAX] != -EINTR ||
      !FindCall(registers, static_cast<uintptr_t>(registers[REG_RIP]), &call) ||
      EffectOn(call) != Effect::kEnds || IsOneForProgram(context, &one_ends_calls)) {
    return false;
  }
  registers[REG_RIP] -= kSyscallBytes;
  registers[REG_RAX] = call.number;
  return true;
}

bool EndCallForProgram(void* ucontext) {
  auto* const context = static_cast<ucontext_t*>(ucontext);
  auto& registers = context->uc_mcontext.gregs;
  const auto end = static_cast<uintptr_t>(registers[REG_RIP]) + kSyscallBytes;
  Call call{};
  bool one_ends_calls = false;
  if (static_cast<uintptr_t>(registers[REG_RCX]) != end || !FindCall(registers, end, &call) ||
      registers[REG_RAX] != call.number || EffectOn(call) != Effect::kRestarts ||
      !IsOneForProgram(context, &one_ends_calls) || !one_ends_calls) {
    return false;
  }
  registers[REG_RIP] += kSyscallBytes;
  registers[REG_RAX] = -EINTR;
  return true;
}
#endif

bool WasHeldUp(const SentSignal& sent) {
  const bool late = sent.cpu_ns_sent == 0 || sent.cpu_ns_arrived - sent.cpu_ns_sent > kDelivery;
  return late && ProgramHoldsUp(sent.signal);
}

}  // namespace pprofagent::hot
