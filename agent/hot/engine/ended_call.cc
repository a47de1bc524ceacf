// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/engine/ended_call.h"

#include <errno.h>
#include <sys/syscall.h>
#include <ucontext.h>

#include <cstdint>

#include "agent/hot/engine/interrupted_call.h"
#include "agent/hot/engine/signals.h"
#include "agent/hot/rt/copy_memory.h"
#include "agent/hot/rt/sandbox.h"

namespace pprofagent::hot {

#if defined(__x86_64__)

namespace {

// Where the call has its mask; 0: it has none. False: that cannot be told.
bool FindMask(long number, const greg_t* registers, uintptr_t* mask) {
  *mask = 0;
  switch (number) {
    case SYS_ppoll:
      *mask = static_cast<uintptr_t>(registers[REG_R10]);
      return true;
    case SYS_epoll_pwait:
    case SYS_epoll_pwait2:
      *mask = static_cast<uintptr_t>(registers[REG_R8]);
      return true;
    case SYS_rt_sigsuspend:
      *mask = static_cast<uintptr_t>(registers[REG_RDI]);
      return true;
    case SYS_pselect6: {
      // A pointer to the mask's address and size.
      const auto pair = static_cast<uintptr_t>(registers[REG_R9]);
      return pair == 0 || CopyObject(pair, mask);
    }
    default:
      return true;
  }
}

bool CallBlocks(int signal, const greg_t* registers) {
  constexpr uintptr_t kLookBack = 40;
  uint8_t code[kLookBack];
  if (!CopyObject(static_cast<uintptr_t>(registers[REG_RIP]) - kLookBack, &code)) return true;
  uintptr_t mask = 0;
  uint64_t blocked = 0;
  if (!FindMask(SyscallNumberBefore(code + kLookBack, kLookBack), registers, &mask)) return true;
  if (mask == 0) return false;
  return !CopyObject(mask, &blocked) || (blocked >> (signal - 1) & 1) != 0;
}

}  // namespace

bool RestartCallEndedBy(int signal, void* ucontext) {
  const auto& registers = static_cast<ucontext_t*>(ucontext)->uc_mcontext.gregs;
  if (registers[REG_RAX] != -EINTR || IsSandboxed() || ProgramHandles(signal)) return false;
  return !CallBlocks(signal, registers) && RestartInterruptedCall(ucontext);
}

void UndoInterruptionBy(int signal, void* ucontext) {
  if (IsSandboxed() || ProgramHandles(signal)) return;
  if (static_cast<ucontext_t*>(ucontext)->uc_mcontext.gregs[REG_RAX] != -EINTR) {
    EndCallForProgram(ucontext);
  } else if (!WasHeldUp(SentSignal{signal, 0, 0})) {
    RestartCallEndedBy(signal, ucontext);
  }
}

#else

bool RestartCallEndedBy(int, void*) { return false; }
void UndoInterruptionBy(int, void*) {}

#endif

}  // namespace pprofagent::hot
