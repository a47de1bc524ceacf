// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/engine/interrupted_call.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>

#include "agent/hot/rt/copy_memory.h"

namespace pprofagent::hot {

namespace {

// Calls that wait and may be made again from their beginning: they have done
// nothing yet when they fail with EINTR.
bool MayRestart(long number) {
  switch (number) {
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
    case SYS_futex:
    case SYS_read:
    case SYS_readv:
    case SYS_pread64:
    case SYS_write:
    case SYS_writev:
    case SYS_recvfrom:
    case SYS_recvmsg:
    case SYS_recvmmsg:
    case SYS_sendto:
    case SYS_sendmsg:
    case SYS_accept:
    case SYS_accept4:
    case SYS_wait4:
    case SYS_waitid:
    case SYS_flock:
    case SYS_fcntl:
    case SYS_msgrcv:
    case SYS_msgsnd:
    case SYS_semop:
    case SYS_semtimedop:
    case SYS_mq_timedreceive:
    case SYS_mq_timedsend:
    case SYS_io_getevents:
    case SYS_io_uring_enter:
      return true;
    default:
      return false;
  }
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
bool RestartInterruptedCall(void* ucontext) {
  auto& registers = static_cast<ucontext_t*>(ucontext)->uc_mcontext.gregs;
  if (registers[REG_RAX] != -EINTR) return false;
  uint8_t code[kLookBack];
  const auto pc = static_cast<uintptr_t>(registers[REG_RIP]);
  if (!CopyObject(pc - sizeof(code), &code)) return false;
  const long number = SyscallNumberBefore(code + sizeof(code), sizeof(code));
  if (!MayRestart(number)) return false;
  registers[REG_RIP] -= kSyscallBytes;
  registers[REG_RAX] = number;
  return true;
}
#endif

}  // namespace pprofagent::hot
