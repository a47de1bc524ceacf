// SPDX-License-Identifier: Apache-2.0
//
// libunwind as a second opinion, on request only. Its shared object exports the
// whole _Unwind_* family, which in the program's symbol scope would take over
// its exceptions; so it is opened with RTLD_LOCAL and never linked. It takes
// the loader's lock, allocates and changes the signal mask on the way, so it is
// never asked in a signal handler; in hooks it is as safe as libunwind is, which
// is why it is not the default.
#pragma once

#include "agent/hot/unwind/unwinder.h"

namespace pprofagent::hot {

// False if libunwind is not installed. Calls dlopen: only at start.
bool LoadLibunwind();

// The stack of the hook's caller, whose registers are `start`. False if
// libunwind could not find that frame.
bool UnwindByLibunwind(const Registers& start, Frames* frames);

}  // namespace pprofagent::hot
