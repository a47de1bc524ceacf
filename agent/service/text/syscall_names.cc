// SPDX-License-Identifier: Apache-2.0
#include "agent/service/text/syscall_names.h"

#include <sys/syscall.h>

#include <algorithm>
#include <iterator>
#include <string_view>

namespace pprofagent::service {
namespace {

struct Call {
  long number;
  std::string_view name;
  std::string_view state;  // empty: "syscall NAME"
};

constexpr std::string_view kSleep = "sleep";
constexpr std::string_view kPoll = "poll";
constexpr std::string_view kSelect = "select";
constexpr std::string_view kEpoll = "epoll wait";
constexpr std::string_view kWait = "wait4";
constexpr std::string_view kSignal = "signal wait";

constexpr Call kCalls[] = {
    {SYS_nanosleep, "nanosleep", kSleep},
    {SYS_clock_nanosleep, "clock_nanosleep", kSleep},
    {SYS_ppoll, "ppoll", kPoll},
    {SYS_pselect6, "pselect6", kSelect},
    {SYS_epoll_pwait, "epoll_pwait", kEpoll},
#ifdef SYS_epoll_pwait2
    {SYS_epoll_pwait2, "epoll_pwait2", kEpoll},
#endif
#ifdef SYS_poll
    {SYS_poll, "poll", kPoll},
    {SYS_select, "select", kSelect},
    {SYS_epoll_wait, "epoll_wait", kEpoll},
    {SYS_pause, "pause", kSignal},
    {SYS_open, "open", ""},
    {SYS_mkdir, "mkdir", ""},
    {SYS_rename, "rename", ""},
    {SYS_unlink, "unlink", ""},
    {SYS_vfork, "vfork", kWait},
#endif
    {SYS_read, "read", "io wait (read)"},
    {SYS_readv, "readv", "io wait (read)"},
    {SYS_pread64, "pread64", "io wait (read)"},
    {SYS_preadv, "preadv", "io wait (read)"},
    {SYS_write, "write", "io wait (write)"},
    {SYS_writev, "writev", "io wait (write)"},
    {SYS_pwrite64, "pwrite64", "io wait (write)"},
    {SYS_pwritev, "pwritev", "io wait (write)"},
    {SYS_accept, "accept", "io wait (accept)"},
    {SYS_accept4, "accept4", "io wait (accept)"},
    {SYS_connect, "connect", "io wait (connect)"},
    {SYS_recvfrom, "recvfrom", "io wait (recv)"},
    {SYS_recvmsg, "recvmsg", "io wait (recv)"},
    {SYS_recvmmsg, "recvmmsg", "io wait (recv)"},
    {SYS_sendto, "sendto", "io wait (send)"},
    {SYS_sendmsg, "sendmsg", "io wait (send)"},
    {SYS_sendmmsg, "sendmmsg", "io wait (send)"},
    {SYS_sendfile, "sendfile", "io wait (send)"},
    {SYS_splice, "splice", "io wait (splice)"},
    {SYS_futex, "futex", "futex"},
    {SYS_wait4, "wait4", kWait},
    {SYS_waitid, "waitid", kWait},
    {SYS_rt_sigtimedwait, "rt_sigtimedwait", kSignal},
    {SYS_rt_sigsuspend, "rt_sigsuspend", kSignal},
    {SYS_semop, "semop", ""},
    {SYS_semtimedop, "semtimedop", ""},
    {SYS_msgrcv, "msgrcv", ""},
    {SYS_msgsnd, "msgsnd", ""},
    {SYS_mq_timedreceive, "mq_timedreceive", ""},
    {SYS_mq_timedsend, "mq_timedsend", ""},
    {SYS_flock, "flock", ""},
    {SYS_fcntl, "fcntl", ""},
    {SYS_ioctl, "ioctl", ""},
    {SYS_fsync, "fsync", ""},
    {SYS_fdatasync, "fdatasync", ""},
    {SYS_sync, "sync", ""},
    {SYS_syncfs, "syncfs", ""},
    {SYS_sync_file_range, "sync_file_range", ""},
    {SYS_fallocate, "fallocate", ""},
    {SYS_ftruncate, "ftruncate", ""},
    {SYS_openat, "openat", ""},
    {SYS_close, "close", ""},
    {SYS_fstat, "fstat", ""},
    {SYS_newfstatat, "newfstatat", ""},
    {SYS_statx, "statx", ""},
    {SYS_getdents64, "getdents64", ""},
    {SYS_unlinkat, "unlinkat", ""},
    {SYS_renameat2, "renameat2", ""},
    {SYS_mmap, "mmap", ""},
    {SYS_munmap, "munmap", ""},
    {SYS_mprotect, "mprotect", ""},
    {SYS_madvise, "madvise", ""},
    {SYS_mlock, "mlock", ""},
    {SYS_msync, "msync", ""},
    {SYS_brk, "brk", ""},
    {SYS_clone, "clone", ""},
    {SYS_execve, "execve", ""},
    {SYS_exit_group, "exit_group", ""},
    {SYS_io_getevents, "io_getevents", ""},
#ifdef SYS_io_uring_enter
    {SYS_io_uring_enter, "io_uring_enter", ""},
#endif
    {SYS_getrandom, "getrandom", ""},
    {SYS_sched_yield, "sched_yield", ""},
    {SYS_restart_syscall, "restart_syscall", kSleep},
    {SYS_membarrier, "membarrier", ""},
    {SYS_shutdown, "shutdown", ""},
    {SYS_process_vm_readv, "process_vm_readv", ""},
};

const Call* Find(long number) {
  const auto* found = std::find_if(std::begin(kCalls), std::end(kCalls),
                                   [number](const Call& call) { return call.number == number; });
  return found != std::end(kCalls) ? found : nullptr;
}

}  // namespace

std::string SyscallName(long number) {
  const Call* call = Find(number);
  return call != nullptr ? std::string(call->name) : "number " + std::to_string(number);
}

std::string SyscallState(long number) {
  const Call* call = Find(number);
  if (call != nullptr && !call->state.empty()) return std::string(call->state);
  return "syscall " + SyscallName(number);
}

}  // namespace pprofagent::service
