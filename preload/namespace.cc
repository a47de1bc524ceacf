// SPDX-License-Identifier: Apache-2.0
//
// Namespaces, which are changed in a process of one thread only (user namespaces by
// unshare, most by setns). What reaches the kernel by syscall() comes from sandbox.cc.
#include "preload/namespace.h"

#include <sched.h>
#include <sys/syscall.h>

#include "agent/hot/hooks.h"
#include "agent/hot/rt/real.h"
#include "preload/export.h"
#include "preload/single_thread.h"

namespace pprofagent::preload {

namespace {

constexpr unsigned long kNeedsOneThread = CLONE_NEWUSER | CLONE_THREAD | CLONE_VM | CLONE_SIGHAND;

}  // namespace

long NamespaceCall(long number, long a, long b) {
  const auto real = hot::g_real_other.syscall;
  if (number == SYS_unshare && (static_cast<unsigned long>(a) & kNeedsOneThread) == 0) {
    return real(number, a, b, 0, 0, 0, 0);
  }
  return CallWithoutHelper(hot::SingleThreadWanted(), real, number, a, b, 0L, 0L, 0L, 0L);
}

PPROFAGENT_INTERPOSE int unshare(int flags) {
  hot::ResolveRealFunctions();
  const auto real = hot::g_real_other.unshare;
  if ((static_cast<unsigned long>(flags) & kNeedsOneThread) == 0) return real(flags);
  return CallWithoutHelper(hot::SingleThreadWanted(), real, flags);
}

PPROFAGENT_INTERPOSE int setns(int descriptor, int kind) {
  hot::ResolveRealFunctions();
  return CallWithoutHelper(hot::SingleThreadWanted(), hot::g_real_other.setns, descriptor, kind);
}

}  // namespace pprofagent::preload
