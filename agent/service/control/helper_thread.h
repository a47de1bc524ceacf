// SPDX-License-Identifier: Apache-2.0
//
// The one thread the agent has, while it has one. It is started when something
// is asked for and ends after a few idle seconds: programs notice threads
// (unshare and setuid refuse or slow down, thread counts are shown), and a
// program that asks for nothing never has ours.
//
// Starting and ending meet in one atomic word:
//   kNone -> kStarting   a starter; it alone creates the thread
//   kStarting -> kRunning   the thread itself
//   kRunning -> kNone    the thread, when idle and no starter came meanwhile
//   kRunning -> kKicked  a starter that believes no helper runs while one is
//                        about to end; the thread then goes on instead
// The helper has a descriptor table of its own, empty: what it opens takes no
// number from the program (which may have closed 0 to open another file there)
// and survives the program's closing of all descriptors; and no pipe or socket
// of the program stays open because the helper has it too. Where it cannot have
// one it opens nothing: no dumps, no clients, no log but on standard error.
//
// A request made while hot code still believes in the helper would only wake
// it; so the helper first says that it is gone, then looks for requests once
// more, then lets go of the word. No request falls between two helpers, and
// never do two run.
#pragma once

#include "agent/service/service.h"

namespace pprofagent::service {

// What the helper does.
struct HelperWork {
  // Serves requests until there has been nothing to do for long enough.
  void (*serve_until_idle)();
  // Serves what is pending at this moment; false if nothing was.
  bool (*serve_pending)();
  // Whether its log goes to descriptor 2 of the program.
  bool keeps_stderr = false;
};

void ConfigureHelper(PthreadCreate pthread_create, const HelperWork& work);

// Makes sure a helper runs. Callable wherever pthread_create is; thread-safe.
// False if no thread can be had.
bool StartHelperThread();

// A further thread of the agent, which shares the helper's descriptors if the
// helper starts it. To be joined. 0 or an errno.
int StartAgentThread(void* (*main)(void*), void* argument, pthread_t* thread);

// In the child of a fork, where the parent's helper does not exist.
void ForgetHelper();

}  // namespace pprofagent::service
