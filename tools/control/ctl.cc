// SPDX-License-Identifier: Apache-2.0
//
// See ctl.h.
#include "tools/control/ctl.h"

#include <string_view>

#include "tools/base/strings.h"
#include "tools/control/agents.h"
#include "tools/control/line_client.h"

namespace cpprof::control {
namespace {

// Of many kinds of a large program, on a slow disk.
constexpr std::chrono::seconds kPatience{60};

constexpr std::string_view kHelp =
    R"(usage: cpprof ctl PROCESS VERB [ARGUMENT]...

  PROCESS   a process id, the name of a process if only one is called so, or a control socket
  VERB      what its agent shall do; "cpprof ctl PROCESS help" lists all it can:

            status                 uptime, rates, samples, what was lost, memory
            dump [KIND]...         write profiles into the dump directory
            cpu-start [SECONDS]    cpu-stop, cpu-toggle
            wall SECONDS [HZ]      sample all threads by the wall clock
            set NAME=VALUE...      change options, for example HEAP_RATE=64k
            reset, options, profiles

  "cpprof ps" lists the processes that have an agent.
)";

// One verb a line, with its arguments; the help of each is indented.
std::string VerbNames(const std::vector<std::string>& help) {
  std::string names;
  for (const std::string& line : help) {
    if (!line.empty() && line.front() != ' ') names += line.substr(0, line.find(' ')) + "\n";
  }
  return names;
}

}  // namespace

Result<std::string> Ctl(const std::vector<std::string>& arguments) {
  const std::string first = arguments.empty() ? "" : arguments.front();
  if (first == "-h" || first == "-help" || first == "--help") return std::string(kHelp);
  if (first.empty()) return Status::Error("ctl: no process named; say cpprof ctl PROCESS VERB");
  if (first.starts_with('-'))
    return Status::Error("ctl: no option " + first + "; see cpprof ctl -h");
  std::vector<std::string> words(arguments.begin() + 1, arguments.end());
  if (words.empty())
    return Status::Error("ctl: no verb; \"cpprof ctl " + first + " help\" lists them");
  // For completion in shells.
  const bool wants_verbs = words.front() == "-verbs";
  if (wants_verbs || words.front() == "-h" || words.front() == "-help") words = {"help"};
  const std::string line = Join(words, " ");
  if (line.find_first_of("\n\r") != std::string::npos) {
    return Status::Error("ctl: arguments are words of one line");
  }
  const auto socket = FindControlSocket(first);
  if (!socket.ok()) return socket.status().Annotate("ctl");
  const auto answer = AskAgent(*socket, line, kPatience);
  if (!answer.ok()) return answer.status().Annotate("ctl " + first);
  if (wants_verbs) return VerbNames(*answer);
  std::string text;
  for (const std::string& said : *answer) text += said + "\n";
  return text;
}

}  // namespace cpprof::control
