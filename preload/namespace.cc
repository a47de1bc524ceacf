// SPDX-License-Identifier: Apache-2.0
//
// Namespaces are changed in a process of one thread only (user namespaces by
// unshare, most by setns). The helper, which a dump may have left for some
// seconds, ends before the call.
#include <errno.h>
#include <sched.h>

#include "agent/hot/hooks.h"
#include "agent/hot/rt/real.h"
#include "preload/export.h"

namespace pprofagent::preload {

namespace {

constexpr int kNeedsOneThread = CLONE_NEWUSER | CLONE_THREAD | CLONE_VM | CLONE_SIGHAND;

void Done(bool ended) {
  if (!ended) return;
  const int saved = errno;
  hot::SingleThreadDone();
  errno = saved;
}

}  // namespace

PPROFAGENT_INTERPOSE int unshare(int flags) {
  hot::ResolveRealFunctions();
  const bool ended = (flags & kNeedsOneThread) != 0 && hot::SingleThreadWanted();
  const int result = hot::g_real_other.unshare(flags);
  Done(ended);
  return result;
}

PPROFAGENT_INTERPOSE int setns(int descriptor, int kind) {
  hot::ResolveRealFunctions();
  const bool ended = hot::SingleThreadWanted();
  const int result = hot::g_real_other.setns(descriptor, kind);
  Done(ended);
  return result;
}

}  // namespace pprofagent::preload
