// SPDX-License-Identifier: Apache-2.0
//
// Waiting for signals, and alternate stacks. The agent's own signals must not appear
// where a program looks for what has come to it: it would find one that it never sent,
// and the agent would miss it. As long as the agent has none these are jumps.
#include <signal.h>
#include <sys/signalfd.h>

#include "agent/hot/hooks.h"
#include "agent/hot/rt/real_io.h"
#include "preload/export.h"
#include "preload/signal_sets.h"

namespace pprofagent::preload {

using hot::g_real_io;

PPROFAGENT_INTERPOSE int sigsuspend(const sigset_t* mask) {
  if (hot::HiddenSignals() == 0) [[likely]]
    return g_real_io.sigsuspend(mask);
  MaskWithOurs with_ours;
  return g_real_io.sigsuspend(with_ours(mask));
}

PPROFAGENT_INTERPOSE int sigwait(const sigset_t* set, int* signal) {
  if (hot::HiddenSignals() == 0) [[likely]]
    return g_real_io.sigwait(set, signal);
  return g_real_io.sigwait(SetWithoutOurs(set).Get(), signal);
}

PPROFAGENT_INTERPOSE int sigwaitinfo(const sigset_t* set, siginfo_t* info) {
  if (hot::HiddenSignals() == 0) [[likely]]
    return g_real_io.sigwaitinfo(set, info);
  return g_real_io.sigwaitinfo(SetWithoutOurs(set).Get(), info);
}

PPROFAGENT_INTERPOSE int sigtimedwait(const sigset_t* set, siginfo_t* info,
                                      const timespec* timeout) {
  if (hot::HiddenSignals() == 0) [[likely]]
    return g_real_io.sigtimedwait(set, info, timeout);
  return g_real_io.sigtimedwait(SetWithoutOurs(set).Get(), info, timeout);
}

PPROFAGENT_INTERPOSE int signalfd(int descriptor, const sigset_t* set, int flags) noexcept {
  if (hot::HiddenSignals() == 0) [[likely]]
    return g_real_io.signalfd(descriptor, set, flags);
  return g_real_io.signalfd(descriptor, SetWithoutOurs(set).Get(), flags);
}

PPROFAGENT_INTERPOSE int sigpending(sigset_t* set) noexcept {
  const int result = g_real_io.sigpending(set);
  if (result == 0) set->__val[0] &= ~hot::HiddenSignals();
  return result;
}

PPROFAGENT_INTERPOSE int sigaltstack(const stack_t* stack, stack_t* old) noexcept {
  if (stack != nullptr) hot::AlternateStackComes(stack);
  return g_real_io.sigaltstack(stack, old);
}

}  // namespace pprofagent::preload
