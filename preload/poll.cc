// SPDX-License-Identifier: Apache-2.0
//
// Waiting for descriptors to become ready. The _chk functions are what compilers
// make of these under _FORTIFY_SOURCE.
#include "preload/timed_call.h"

namespace pprofagent::preload {

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
  if (!hot::WatchingIo()) [[likely]]
    return g_real_io.ppoll(files, count, timeout, mask);
  return kTimedPoll<&hot::RealIo::ppoll>(files, count, timeout, mask);
}

PPROFAGENT_INTERPOSE int __ppoll_chk(pollfd* files, nfds_t count, const timespec* timeout,
                                     const sigset_t* mask, size_t size) {
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
  if (!hot::WatchingIo()) [[likely]]
    return g_real_io.epoll_pwait(epoll, events, count, timeout, mask);
  return kTimedIo<&hot::RealIo::epoll_pwait>(epoll, events, count, timeout, mask);
}

}  // namespace pprofagent::preload
