// SPDX-License-Identifier: Apache-2.0
//
// A report as a job of its own: it is made by a copy of the process (fork), so that Ctrl-C ends it
// at once wherever it is, with the memory it took, and the shell goes on as if nothing had been
// asked. Nothing is lost by that: reports work on copies anyway. Even one that crashed would leave
// the shell alive.
#pragma once

#include <functional>

#include "tools/base/notices.h"
#include "tools/shell/held_signals.h"

namespace cpprof::shell {

// Runs `work` to its end, or to Ctrl-C; says so if it was neither. `interrupts` holds SIGINT.
void RunJob(const std::function<void()>& work, HeldSignals* interrupts, Notices* notices);

}  // namespace cpprof::shell
