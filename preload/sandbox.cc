// SPDX-License-Identifier: Apache-2.0
//
// The two doors into seccomp. Both functions are variadic for the compiler and
// take up to six words for the machine; they are declared here as what they are
// for the machine, and by names of ours, since headers may have declared theirs.
//
// Nothing is looked up here: jemalloc makes its system calls through syscall()
// with its locks held, and a look-up may allocate. Until the real functions are
// known the table holds stand-ins that call the kernel. The common way on is a
// tail call, as of a function that is not there: a child that returns on
// another stack (syscall(SYS_clone, ...)) finds no frame of ours.
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>

#include "agent/hot/hooks.h"
#include "agent/hot/rt/real.h"
#include "preload/export.h"
#include "preload/namespace.h"

namespace pprofagent::preload {

extern "C" {
int PrctlWords(int option, unsigned long a, unsigned long b, unsigned long c,
               unsigned long d) __asm__("prctl");
long SyscallWords(long number, long a, long b, long c, long d, long e, long f) __asm__("syscall");
}

namespace {

bool EntersSandbox(long call, long operation) {
  if (call == SYS_prctl) return operation == PR_SET_SECCOMP;
  return call == SYS_seccomp &&
         (operation == SECCOMP_SET_MODE_STRICT || operation == SECCOMP_SET_MODE_FILTER);
}

}  // namespace

PPROFAGENT_INTERPOSE int PrctlWords(int option, unsigned long a, unsigned long b, unsigned long c,
                                    unsigned long d) {
  if (option != PR_SET_SECCOMP) [[likely]]
    return hot::g_real_other.prctl(option, a, b, c, d);
  const bool entering = hot::SandboxBegins();
  const int result = hot::g_real_other.prctl(option, a, b, c, d);
  if (result != 0 && entering) hot::SandboxFailed();
  return result;
}

PPROFAGENT_INTERPOSE long SyscallWords(long number, long a, long b, long c, long d, long e,
                                       long f) {
  if (!EntersSandbox(number, a)) [[likely]] {
    if (IsNamespaceCall(number)) [[unlikely]]
      return NamespaceCall(number, a, b);
    return hot::g_real_other.syscall(number, a, b, c, d, e, f);
  }
  const bool entering = hot::SandboxBegins();
  const long result = hot::g_real_other.syscall(number, a, b, c, d, e, f);
  if (result != 0 && entering) hot::SandboxFailed();
  return result;
}

}  // namespace pprofagent::preload
