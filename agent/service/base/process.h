// SPDX-License-Identifier: Apache-2.0
//
// What the process is called, for file names and for the comments of profiles.
#pragma once

#include <string>
#include <string_view>

namespace pprofagent::service {

// `name` with all that is awkward in a file name (spaces, control characters,
// a leading dot, ...) replaced by '_', cut at 64 bytes; "unknown" if empty.
std::string SafeFileName(std::string_view name);

// What this process was started as, safe for a file name: the last part of the
// path that was executed (redis-server, though that is a link to another name;
// of a script its own name, not its interpreter's).
std::string ExecutableName();
// Base name of a process's executable file, likewise. An executable replaced
// since on disk keeps its name.
std::string ExecutableFileName();
std::string ExecutableNameOf(int pid);

// Where the executable is; empty if that cannot be told.
std::string ExecutablePath();

// Whether there is such a process where we can see it: another container's has
// another number here.
bool ProcessExists(int pid);

// "/proc/thread-self/FILE". Of a process whose main thread has ended by itself
// (pthread_exit) /proc/self has neither executable nor mappings, its other
// threads do. Before Linux 3.17 there is only /proc/self.
std::string ProcSelf(std::string_view file);

std::string HostName();

// Arguments joined by blanks; those that need it in single quotes, as a shell
// would read them back. As they were when RememberCommandLine was called:
// programs overwrite their arguments to show their state.
std::string CommandLine();
// At start, before there are threads.
void RememberCommandLine();

}  // namespace pprofagent::service
