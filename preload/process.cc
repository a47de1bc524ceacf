// SPDX-License-Identifier: Apache-2.0
//
// How processes begin and end. fork() tells by handlers of its own (agent.cc); here
// is what has to be seen to before. Ends are those that run no destructors; exit()
// does run them, see constructor.cc.
#include <stdlib.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/hot/hooks.h"
#include "agent/hot/rt/real.h"
#include "preload/export.h"

namespace pprofagent::preload {

namespace {

const hot::RealOther& Real() {
  hot::ResolveRealFunctions();
  return hot::g_real_other;
}

}  // namespace

PPROFAGENT_INTERPOSE pid_t fork() {
  const auto real = Real().fork;
  const bool in_handler = hot::ForkBeginsInHandler();
  const pid_t child = real();
  if (in_handler && child != 0) hot::ForkInHandlerDone();
  return child;
}

PPROFAGENT_INTERPOSE void _exit(int status) {
  ProcessEnds();
  Real().exit_now(status);
  __builtin_unreachable();
}

PPROFAGENT_INTERPOSE void _Exit(int status) {
  ProcessEnds();
  Real().exit_c99(status);
  __builtin_unreachable();
}

PPROFAGENT_INTERPOSE void quick_exit(int status) {
  ProcessEnds();
  Real().quick_exit(status);
  __builtin_unreachable();
}

PPROFAGENT_INTERPOSE void abort() {
  ProcessEnds();
  Real().abort();
  __builtin_unreachable();
}

}  // namespace pprofagent::preload
