// SPDX-License-Identifier: Apache-2.0
//
// pid:N and pid:N/KIND: a profile of a process, as fresh as it can be had. If the process runs
// under the agent and its control socket answers, that is asked (unix:SOCKET/debug/pprof/KIND);
// otherwise it is the newest dump the process has left. Where socket and dumps are, the process's
// own environment says (PPROFAGENT_DIR, PPROFAGENT_SOCKET), seen from the mount and pid namespaces
// it lives in; a process that is gone is looked for in the default directory.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/base/status.h"

namespace cpprof::fetch {

struct ProcessSource {
  int64_t pid = 0;
  std::string kind;  // canonical; empty if none was named
};

// Nothing if the source is no "pid:..."; an error if it is one but wrong.
Result<std::optional<ProcessSource>> ParseProcessSource(std::string_view source);

// Where a profile of the process is to be had.
struct ProcessProfile {
  std::string url;   // unix:SOCKET/debug/pprof/KIND, or empty
  std::string file;  // a dump, or empty; one of both is set
  std::string note;  // what the user should know about it, or empty
};

// An error when there is neither, with what to do about it.
Result<ProcessProfile> FindProcessProfile(const ProcessSource& source);

// A process, as far as an agent in it is concerned.
struct Agent {
  int64_t pid = 0;
  std::string name;
  bool runs = false;
  // Nothing if that may not be seen.
  std::optional<bool> is_loaded;
  std::string socket;   // a control socket somebody listens on, or empty
  std::string problem;  // of a socket that is there: its name and why nobody can be reached
};

Agent LookForAgent(int64_t pid);

// The pattern of glob(7) for a file name template of the agent: %p and %u are known, %e (its
// executable) and %h (its host) are not, from outside.
std::string GlobPattern(std::string_view name, std::string_view directory, int64_t pid,
                        uint64_t uid);

}  // namespace cpprof::fetch
