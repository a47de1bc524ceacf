// SPDX-License-Identifier: Apache-2.0
//
// Calls that may need a process of one thread: the helper, which a dump may have left
// for some seconds, ends before them. A program with threads of its own goes on as it is.
#pragma once

#include <errno.h>

#include "agent/hot/hooks.h"

namespace pprofagent::preload {

// `ended`: whether the helper has ended for it.
template <typename Result, typename... Parameters, typename... Arguments>
Result CallWithoutHelper(bool ended, Result (*real)(Parameters...), Arguments... arguments) {
  const Result result = real(arguments...);
  if (ended) {
    const int saved = errno;
    hot::SingleThreadDone();
    errno = saved;
  }
  return result;
}

}  // namespace pprofagent::preload
