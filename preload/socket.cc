// SPDX-License-Identifier: Apache-2.0
//
// Input and output on sockets.
#include "preload/timed_call.h"

namespace pprofagent::preload {

PPROFAGENT_INTERPOSE ssize_t recv(int file, void* to, size_t size, int flags) {
  if (!hot::WatchingIo()) [[likely]]
    return g_real_io.recv(file, to, size, flags);
  return kTimedIo<&hot::RealIo::recv>(file, to, size, flags);
}

PPROFAGENT_INTERPOSE ssize_t __recv_chk(int file, void* to, size_t size, size_t room, int flags) {
  if (!hot::WatchingIo()) [[likely]]
    return g_real_io.recv_chk(file, to, size, room, flags);
  return kTimedIo<&hot::RealIo::recv_chk>(file, to, size, room, flags);
}

PPROFAGENT_INTERPOSE ssize_t recvfrom(int file, void* to, size_t size, int flags, sockaddr* address,
                                      socklen_t* length) {
  if (!hot::WatchingIo()) [[likely]]
    return g_real_io.recvfrom(file, to, size, flags, address, length);
  return kTimedIo<&hot::RealIo::recvfrom>(file, to, size, flags, address, length);
}

PPROFAGENT_INTERPOSE ssize_t __recvfrom_chk(int file, void* to, size_t size, size_t room, int flags,
                                            sockaddr* address, socklen_t* length) {
  if (!hot::WatchingIo()) [[likely]]
    return g_real_io.recvfrom_chk(file, to, size, room, flags, address, length);
  return kTimedIo<&hot::RealIo::recvfrom_chk>(file, to, size, room, flags, address, length);
}

PPROFAGENT_INTERPOSE ssize_t recvmsg(int file, msghdr* message, int flags) {
  if (!hot::WatchingIo()) [[likely]]
    return g_real_io.recvmsg(file, message, flags);
  return kTimedIo<&hot::RealIo::recvmsg>(file, message, flags);
}

PPROFAGENT_INTERPOSE ssize_t send(int file, const void* from, size_t size, int flags) {
  if (!hot::WatchingIo()) [[likely]]
    return g_real_io.send(file, from, size, flags);
  return kTimedIo<&hot::RealIo::send>(file, from, size, flags);
}

PPROFAGENT_INTERPOSE ssize_t sendto(int file, const void* from, size_t size, int flags,
                                    const sockaddr* address, socklen_t length) {
  if (!hot::WatchingIo()) [[likely]]
    return g_real_io.sendto(file, from, size, flags, address, length);
  return kTimedIo<&hot::RealIo::sendto>(file, from, size, flags, address, length);
}

PPROFAGENT_INTERPOSE ssize_t sendmsg(int file, const msghdr* message, int flags) {
  if (!hot::WatchingIo()) [[likely]]
    return g_real_io.sendmsg(file, message, flags);
  return kTimedIo<&hot::RealIo::sendmsg>(file, message, flags);
}

PPROFAGENT_INTERPOSE int accept(int file, sockaddr* address, socklen_t* length) {
  if (!hot::WatchingIo()) [[likely]]
    return g_real_io.accept(file, address, length);
  return kTimedIo<&hot::RealIo::accept>(file, address, length);
}

PPROFAGENT_INTERPOSE int accept4(int file, sockaddr* address, socklen_t* length, int flags) {
  if (!hot::WatchingIo()) [[likely]]
    return g_real_io.accept4(file, address, length, flags);
  return kTimedIo<&hot::RealIo::accept4>(file, address, length, flags);
}

PPROFAGENT_INTERPOSE int connect(int file, const sockaddr* address, socklen_t length) {
  if (!hot::WatchingIo()) [[likely]]
    return g_real_io.connect(file, address, length);
  return kTimedIo<&hot::RealIo::connect>(file, address, length);
}

}  // namespace pprofagent::preload
