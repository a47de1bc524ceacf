// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/rt/real_io.h"

#include <errno.h>

#include "agent/hot/rt/late.h"
#include "agent/hot/rt/raw_syscall.h"
#include "agent/hot/rt/thread_state.h"

namespace pprofagent::hot {

namespace {

template <auto kEntry>
constexpr auto kLate = &Late<g_real_io, kEntry, ResolveRealIo>::Call;

void LookupSleeps(RealIo* real) {
  LookupNext("sleep", &real->sleep);
  LookupNext("usleep", &real->usleep);
  LookupNext("nanosleep", &real->nanosleep);
  LookupNext("clock_nanosleep", &real->clock_nanosleep);
  LookupNext("thrd_sleep", &real->thrd_sleep);
}

void LookupPolls(RealIo* real) {
  LookupNext("poll", &real->poll);
  LookupNext("__poll_chk", &real->poll_chk);
  LookupNext("ppoll", &real->ppoll);
  LookupNext("__ppoll_chk", &real->ppoll_chk);
  LookupNext("select", &real->select);
  LookupNext("pselect", &real->pselect);
  LookupNext("epoll_wait", &real->epoll_wait);
  LookupNext("epoll_pwait", &real->epoll_pwait);
}

// Looked up at the program's first call: libc may not have it, and a look-up that
// fails allocates. Then nobody calls it who was linked with that libc.
int EpollPwait2BySyscall(int epoll, epoll_event* events, int count, const timespec* timeout,
                         const sigset_t* mask) {
  const long result = RawSyscall(SYS_epoll_pwait2, epoll, events, count, timeout, mask, 8);
  if (!IsSyscallError(result)) return static_cast<int>(result);
  errno = static_cast<int>(-result);
  return -1;
}
int FirstEpollPwait2(int epoll, epoll_event* events, int count, const timespec* timeout,
                     const sigset_t* mask) {
  auto* real = &EpollPwait2BySyscall;
  {
    const Guard guard;
    LookupNext("epoll_pwait2", &real);
  }
  g_real_io.epoll_pwait2 = real;
  return real(epoll, events, count, timeout, mask);
}

void LookupSignals(RealIo* real) {
  LookupNext("sigsuspend", &real->sigsuspend);
  LookupNext("sigwait", &real->sigwait);
  LookupNext("sigwaitinfo", &real->sigwaitinfo);
  LookupNext("sigtimedwait", &real->sigtimedwait);
  LookupNext("sigpending", &real->sigpending);
  LookupNext("signalfd", &real->signalfd);
  LookupNext("sigaltstack", &real->sigaltstack);
}

void LookupFiles(RealIo* real) {
  LookupNext("read", &real->read);
  LookupNext("__read_chk", &real->read_chk);
  LookupNext("readv", &real->readv);
  LookupNext("pread", &real->pread);
  LookupNext("pread64", &real->pread64);
  LookupNext("write", &real->write);
  LookupNext("writev", &real->writev);
  LookupNext("pwrite", &real->pwrite);
  LookupNext("pwrite64", &real->pwrite64);
  LookupNext("fsync", &real->fsync);
  LookupNext("fdatasync", &real->fdatasync);
}

void LookupSockets(RealIo* real) {
  LookupNext("recv", &real->recv);
  LookupNext("__recv_chk", &real->recv_chk);
  LookupNext("recvfrom", &real->recvfrom);
  LookupNext("__recvfrom_chk", &real->recvfrom_chk);
  LookupNext("recvmsg", &real->recvmsg);
  LookupNext("send", &real->send);
  LookupNext("sendto", &real->sendto);
  LookupNext("sendmsg", &real->sendmsg);
  LookupNext("accept", &real->accept);
  LookupNext("accept4", &real->accept4);
  LookupNext("connect", &real->connect);
}

}  // namespace

constinit RealIo g_real_io = {
    kLate<&RealIo::sleep>,       kLate<&RealIo::usleep>,
    kLate<&RealIo::nanosleep>,   kLate<&RealIo::clock_nanosleep>,
    kLate<&RealIo::thrd_sleep>,  kLate<&RealIo::poll>,
    kLate<&RealIo::poll_chk>,    kLate<&RealIo::ppoll>,
    kLate<&RealIo::ppoll_chk>,   kLate<&RealIo::select>,
    kLate<&RealIo::pselect>,     kLate<&RealIo::epoll_wait>,
    kLate<&RealIo::epoll_pwait>, FirstEpollPwait2,
    kLate<&RealIo::sigsuspend>,  kLate<&RealIo::sigwait>,
    kLate<&RealIo::sigwaitinfo>, kLate<&RealIo::sigtimedwait>,
    kLate<&RealIo::sigpending>,  kLate<&RealIo::signalfd>,
    kLate<&RealIo::sigaltstack>, kLate<&RealIo::read>,
    kLate<&RealIo::read_chk>,    kLate<&RealIo::readv>,
    kLate<&RealIo::pread>,       kLate<&RealIo::pread64>,
    kLate<&RealIo::write>,       kLate<&RealIo::writev>,
    kLate<&RealIo::pwrite>,      kLate<&RealIo::pwrite64>,
    kLate<&RealIo::fsync>,       kLate<&RealIo::fdatasync>,
    kLate<&RealIo::recv>,        kLate<&RealIo::recv_chk>,
    kLate<&RealIo::recvfrom>,    kLate<&RealIo::recvfrom_chk>,
    kLate<&RealIo::recvmsg>,     kLate<&RealIo::send>,
    kLate<&RealIo::sendto>,      kLate<&RealIo::sendmsg>,
    kLate<&RealIo::accept>,      kLate<&RealIo::accept4>,
    kLate<&RealIo::connect>,
};

void ResolveRealIo() {
  const Guard guard;
  RealIo real = g_real_io;
  LookupSleeps(&real);
  LookupPolls(&real);
  LookupSignals(&real);
  LookupFiles(&real);
  LookupSockets(&real);
  g_real_io = real;
}

}  // namespace pprofagent::hot
