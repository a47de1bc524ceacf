// SPDX-License-Identifier: Apache-2.0
//
// Waiting for descriptors to become ready. The _chk functions are what compilers
// make of these under _FORTIFY_SOURCE.
//
// Those with a mask of their own are where a program that blocks all signals lets them
// in: one of the agent's that waits for that moment would end the call. So the
// agent's are added to the mask, when there are any.
#include "preload/signal_sets.h"
#include "preload/timed_call.h"

namespace pprofagent::preload {

namespace {

// As Timed, and timed too if calls are.
template <On kOn, auto kEntry, typename Type = decltype(kEntry)>
struct Masked;
template <On kOn, auto kEntry, typename Result, typename... Arguments>
struct Masked<kOn, kEntry, Result (*hot::RealIo::*)(Arguments...)> {
  [[gnu::noinline]] static Result Call(Arguments... arguments) {
    MaskWithOurs with_ours;
    if (!hot::WatchingIo()) return (g_real_io.*kEntry)(with_ours(arguments)...);
    hot::Wait wait(WaitKind::kIo, ObjectOf<kOn>(arguments...), CallerRegisters());
    const Result result = (g_real_io.*kEntry)(with_ours(arguments)...);
    wait.End(true);
    return result;
  }
};

template <auto kEntry>
constexpr auto kMaskedPoll = &Masked<On::kNothing, kEntry>::Call;
template <auto kEntry>
constexpr auto kMaskedIo = &Masked<On::kDescriptor, kEntry>::Call;

}  // namespace

PPROFAGENT_INTERPOSE int poll(pollfd* files, nfds_t count, int timeout) {
  if (!hot::WatchingIo()) [[likely]]
    return g_real_io.poll(files, count, timeout);
  return kTimedPoll<&hot::RealIo::poll>(files, count, timeout);
}

PPROFAGENT_INTERPOSE int __poll_chk(pollfd* files, nfds_t count, int timeout, size_t size) {
  if (!hot::WatchingIo()) [[likely]]
    return g_real_io.poll_chk(files, count, timeout, size);
  return kTimedPoll<&hot::RealIo::poll_chk>(files, count, timeout, size);
}

PPROFAGENT_INTERPOSE int ppoll(pollfd* files, nfds_t count, const timespec* timeout,
                               const sigset_t* mask) {
  if (hot::HiddenSignals() != 0)
    return kMaskedPoll<&hot::RealIo::ppoll>(files, count, timeout, mask);
  if (!hot::WatchingIo()) [[likely]]
    return g_real_io.ppoll(files, count, timeout, mask);
  return kTimedPoll<&hot::RealIo::ppoll>(files, count, timeout, mask);
}

PPROFAGENT_INTERPOSE int __ppoll_chk(pollfd* files, nfds_t count, const timespec* timeout,
                                     const sigset_t* mask, size_t size) {
  if (hot::HiddenSignals() != 0)
    return kMaskedPoll<&hot::RealIo::ppoll_chk>(files, count, timeout, mask, size);
  if (!hot::WatchingIo()) [[likely]]
    return g_real_io.ppoll_chk(files, count, timeout, mask, size);
  return kTimedPoll<&hot::RealIo::ppoll_chk>(files, count, timeout, mask, size);
}

PPROFAGENT_INTERPOSE int select(int count, fd_set* in, fd_set* out, fd_set* except,
                                timeval* timeout) {
  if (!hot::WatchingIo()) [[likely]]
    return g_real_io.select(count, in, out, except, timeout);
  return kTimedPoll<&hot::RealIo::select>(count, in, out, except, timeout);
}

PPROFAGENT_INTERPOSE int pselect(int count, fd_set* in, fd_set* out, fd_set* except,
                                 const timespec* timeout, const sigset_t* mask) {
  if (hot::HiddenSignals() != 0)
    return kMaskedPoll<&hot::RealIo::pselect>(count, in, out, except, timeout, mask);
  if (!hot::WatchingIo()) [[likely]]
    return g_real_io.pselect(count, in, out, except, timeout, mask);
  return kTimedPoll<&hot::RealIo::pselect>(count, in, out, except, timeout, mask);
}

PPROFAGENT_INTERPOSE int epoll_wait(int epoll, epoll_event* events, int count, int timeout) {
  if (!hot::WatchingIo()) [[likely]]
    return g_real_io.epoll_wait(epoll, events, count, timeout);
  return kTimedIo<&hot::RealIo::epoll_wait>(epoll, events, count, timeout);
}

PPROFAGENT_INTERPOSE int epoll_pwait(int epoll, epoll_event* events, int count, int timeout,
                                     const sigset_t* mask) {
  if (hot::HiddenSignals() != 0)
    return kMaskedIo<&hot::RealIo::epoll_pwait>(epoll, events, count, timeout, mask);
  if (!hot::WatchingIo()) [[likely]]
    return g_real_io.epoll_pwait(epoll, events, count, timeout, mask);
  return kTimedIo<&hot::RealIo::epoll_pwait>(epoll, events, count, timeout, mask);
}

PPROFAGENT_INTERPOSE int epoll_pwait2(int epoll, epoll_event* events, int count,
                                      const timespec* timeout, const sigset_t* mask) {
  if (hot::HiddenSignals() != 0)
    return kMaskedIo<&hot::RealIo::epoll_pwait2>(epoll, events, count, timeout, mask);
  if (!hot::WatchingIo()) [[likely]]
    return g_real_io.epoll_pwait2(epoll, events, count, timeout, mask);
  return kTimedIo<&hot::RealIo::epoll_pwait2>(epoll, events, count, timeout, mask);
}

}  // namespace pprofagent::preload
