// SPDX-License-Identifier: Apache-2.0
//
// Calls that succeed in a process of one thread only, or that libc makes for each
// of its threads: the helper, which a dump may have left for some seconds, ends
// before them. A program with threads of its own goes on as it is.
#pragma once

#include <errno.h>

#include "agent/hot/hooks.h"

namespace pprofagent::preload {

template <typename Result, typename... Parameters, typename... Arguments>
Result CallInOneThread(Result (*real)(Parameters...), Arguments... arguments) {
  const bool ended = hot::SingleThreadWanted();
  const Result result = real(arguments...);
  if (ended) {
    const int saved = errno;
    hot::SingleThreadDone();
    errno = saved;
  }
  return result;
}

}  // namespace pprofagent::preload
