// SPDX-License-Identifier: Apache-2.0
//
// See held_signals.h.
#include "tools/shell/held_signals.h"

#include <poll.h>

#include <cerrno>
#include <ctime>

namespace cpprof::shell {
namespace {

// The last signal that was let in.
volatile std::sig_atomic_t g_arrived = 0;

void Note(int signal) { g_arrived = signal; }

}  // namespace

HeldSignals::HeldSignals(std::initializer_list<int> signals) {
  sigset_t held;
  sigemptyset(&held);
  for (const int signal : signals) sigaddset(&held, signal);
  sigprocmask(SIG_BLOCK, &held, &mask_before_);
  mask_waiting_ = mask_before_;
  for (const int signal : signals) {
    sigdelset(&mask_waiting_, signal);
    struct sigaction before = {};
    sigaction(signal, nullptr, &before);
    if (before.sa_handler == SIG_IGN) continue;
    struct sigaction action = {};
    action.sa_handler = Note;
    // One at a time, so that none is overwritten before it is read.
    sigfillset(&action.sa_mask);
    sigaction(signal, &action, nullptr);
    before_.emplace_back(signal, before);
  }
}

HeldSignals::~HeldSignals() {
  for (const auto& [signal, before] : before_) sigaction(signal, &before, nullptr);
  sigprocmask(SIG_SETMASK, &mask_before_, nullptr);
}

int HeldSignals::Wait(int descriptor) {
  for (;;) {
    g_arrived = 0;
    pollfd input = {descriptor, POLLIN, 0};
    const int ready = ppoll(&input, 1, nullptr, &mask_waiting_);
    if (ready < 0 && errno == EINTR) {
      if (g_arrived != 0) return g_arrived;
      continue;
    }
    // Also after an error: reading will tell.
    return 0;
  }
}

void HeldSignals::Forget(int signal) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  const timespec now = {};
  while (sigtimedwait(&set, nullptr, &now) > 0) {
  }
}

void SufferSignal(int signal) {
  struct sigaction usual = {};
  usual.sa_handler = SIG_DFL;
  struct sigaction before = {};
  sigaction(signal, &usual, &before);
  sigset_t let_in;
  sigset_t mask_before;
  sigemptyset(&let_in);
  sigaddset(&let_in, signal);
  raise(signal);
  sigprocmask(SIG_UNBLOCK, &let_in, &mask_before);
  // Still here: it was a stop, and has been continued.
  sigprocmask(SIG_SETMASK, &mask_before, nullptr);
  sigaction(signal, &before, nullptr);
}

}  // namespace cpprof::shell
