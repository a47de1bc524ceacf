// SPDX-License-Identifier: Apache-2.0
//
// What a thread of the program wants done by the helper, and waits for: the
// controller belongs to the helper, and what it opens must be in the helper's
// descriptor table.
//
// Jobs lie on their callers' stacks, in one list under a spin lock that is held
// for a few instructions. The helper takes them one at a time; a caller whose
// helper cannot be started takes its own out again.
#pragma once

#include <functional>

namespace pprofagent::service {

class Controller;
using JobWork = std::function<void(Controller&)>;

// Has the helper do it, starting one if there is none, and returns when it is
// done. False: no thread can be had. Callable wherever pthread_create is, not by
// the helper itself.
bool RunOnHelper(const JobWork& work);

// For the helper: does all that wait.
void RunJobs(Controller& controller);

// In the child of a fork: the callers are the parent's.
void ForgetJobs();

}  // namespace pprofagent::service
