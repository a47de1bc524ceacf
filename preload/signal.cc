// SPDX-License-Identifier: Apache-2.0
//
// sigaction and its relatives. Calls about signals the agent does not hold go
// straight on; for the others libc's semantics are kept on the program's own
// view of the disposition (agent/hot/engine/signals.h).
#include <errno.h>
#include <signal.h>

#include <atomic>
#include <cstdint>

#include "agent/hot/hooks.h"
#include "agent/hot/rt/real.h"
#include "preload/export.h"

namespace pprofagent::preload {

namespace {

using hot::g_real_other;

int Failed(int error) {
  errno = error;
  return -1;
}

// The signals for which siginterrupt asked that later calls of signal leave
// SA_RESTART out, as libc's do; bit n - 1 is signal n.
constinit std::atomic<uint64_t> g_interrupting{0};

int RestartFlag(int signal) {
  return (g_interrupting.load(std::memory_order_relaxed) >> (signal - 1) & 1) != 0 ? 0 : SA_RESTART;
}

void RememberInterrupting(int signal, bool interrupting) {
  const uint64_t bit = uint64_t{1} << (signal - 1);
  if (interrupting) {
    g_interrupting.fetch_or(bit, std::memory_order_relaxed);
  } else {
    g_interrupting.fetch_and(~bit, std::memory_order_relaxed);
  }
}

sighandler_t SetHandler(int signal, sighandler_t handler, int flags) {
  struct sigaction action {};
  struct sigaction old {};
  action.sa_handler = handler;
  action.sa_flags = flags;
  sigemptyset(&action.sa_mask);
  // BSD's signal blocks the signal itself while its handler runs; System V's
  // does not.
  if ((flags & SA_NODEFER) == 0) sigaddset(&action.sa_mask, signal);
  if (const int error = hot::ProgramSigaction(signal, &action, &old)) {
    errno = error;
    return SIG_ERR;
  }
  return old.sa_handler;
}

bool IsClaimed(int signal) {
  hot::ResolveRealFunctions();
  return hot::IsClaimedSignal(signal);
}

}  // namespace

PPROFAGENT_INTERPOSE int sigaction(int signal, const struct sigaction* action,
                                   struct sigaction* old) {
  if (!IsClaimed(signal)) return g_real_other.sigaction(signal, action, old);
  const int error = hot::ProgramSigaction(signal, action, old);
  return error == 0 ? 0 : Failed(error);
}

PPROFAGENT_INTERPOSE sighandler_t signal(int number, sighandler_t handler) {
  if (!IsClaimed(number)) return g_real_other.signal(number, handler);
  return SetHandler(number, handler, RestartFlag(number));
}

PPROFAGENT_INTERPOSE sighandler_t ssignal(int number, sighandler_t handler) {
  if (!IsClaimed(number)) return g_real_other.signal(number, handler);
  return SetHandler(number, handler, RestartFlag(number));
}

PPROFAGENT_INTERPOSE sighandler_t sysv_signal(int number, sighandler_t handler) {
  if (!IsClaimed(number)) return g_real_other.sysv_signal(number, handler);
  return SetHandler(number, handler, static_cast<int>(SA_RESETHAND) | SA_NODEFER);
}

PPROFAGENT_INTERPOSE sighandler_t __sysv_signal(int number, sighandler_t handler) {
  if (!IsClaimed(number)) return g_real_other.sysv_signal(number, handler);
  return SetHandler(number, handler, static_cast<int>(SA_RESETHAND) | SA_NODEFER);
}

PPROFAGENT_INTERPOSE sighandler_t sigset(int number, sighandler_t handler) {
  if (!IsClaimed(number)) return g_real_other.sigset(number, handler);
  sigset_t only;
  sigset_t before;
  sigemptyset(&only);
  sigaddset(&only, number);
  const bool hold = handler == SIG_HOLD;
  if (sigprocmask(hold ? SIG_BLOCK : SIG_UNBLOCK, &only, &before) != 0) return SIG_ERR;
  sighandler_t old;
  if (hold) {
    struct sigaction current {};
    if (const int error = hot::ProgramSigaction(number, nullptr, &current)) {
      errno = error;
      return SIG_ERR;
    }
    old = current.sa_handler;
  } else {
    old = SetHandler(number, handler, 0);
  }
  return sigismember(&before, number) == 1 ? SIG_HOLD : old;
}

PPROFAGENT_INTERPOSE int sigignore(int number) {
  if (!IsClaimed(number)) return g_real_other.sigignore(number);
  return SetHandler(number, SIG_IGN, 0) == SIG_ERR ? -1 : 0;
}

PPROFAGENT_INTERPOSE int siginterrupt(int number, int interrupt) {
  if (!IsClaimed(number)) return g_real_other.siginterrupt(number, interrupt);
  RememberInterrupting(number, interrupt != 0);
  struct sigaction action {};
  int error = hot::ProgramSigaction(number, nullptr, &action);
  if (error == 0) {
    if (interrupt != 0) {
      action.sa_flags &= ~SA_RESTART;
    } else {
      action.sa_flags |= SA_RESTART;
    }
    error = hot::ProgramSigaction(number, &action, nullptr);
  }
  return error == 0 ? 0 : Failed(error);
}

}  // namespace pprofagent::preload
