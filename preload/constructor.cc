// SPDX-License-Identifier: Apache-2.0
//
// Where the loader enters and leaves the agent. glibc hands constructors the
// arguments of main; the environment is taken from there, because programs
// (bash among them) bring their own getenv and may not have set `environ` up.
#include "agent/agent.h"
#include "preload/waiting.h"

namespace pprofagent::preload {

namespace {

[[gnu::constructor]] void Load(int, char**, char** environment) {
  ProcessBegins(environment);
  hot::TellWatching(RouteMutexes);
}

// After the program's own atexit handlers and the destructors of everything
// that was loaded later.
[[gnu::destructor]] void Unload() { ProcessEnds(); }

}  // namespace

}  // namespace pprofagent::preload
