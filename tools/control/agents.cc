// SPDX-License-Identifier: Apache-2.0
//
// See agents.h.
#include "tools/control/agents.h"

#include <sys/stat.h>

#include <algorithm>
#include <climits>
#include <filesystem>
#include <fstream>
#include <optional>

#include "tools/base/strings.h"

namespace cpprof::control {
namespace {

std::string Described(const fetch::Agent& agent) {
  const std::string name = agent.name.empty() ? "" : " (" + agent.name + ")";
  return "process " + std::to_string(agent.pid) + name;
}

// Those of the kernel, and those that have ended, have no command line.
bool HasCommandLine(int64_t pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/cmdline", std::ios::binary);
  return in.get() != std::ifstream::traits_type::eof();
}

Result<std::string> SocketOf(const fetch::Agent& agent) {
  if (!agent.socket.empty()) return agent.socket;
  if (!agent.runs) return Status::Error(Described(agent) + " does not run");
  if (agent.is_loaded == false) {
    return Status::Error(Described(agent) +
                         " does not run under the agent; start it with "
                         "LD_PRELOAD=libpprofagent.so");
  }
  if (!agent.problem.empty()) {
    return Status::Error(Described(agent) + " does not answer at " + agent.problem);
  }
  if (!agent.is_loaded) {
    return Status::Error(Described(agent) +
                         " has no control socket that is to be found, and may not be looked into; "
                         "ask as its user, or as root");
  }
  return Status::Error(Described(agent) +
                       " runs under the agent, but has no control socket: that comes with the "
                       "program's first thread or dump (kill -USR1 " +
                       std::to_string(agent.pid) +
                       "), from the start with PPROFAGENT_SOCKET=on, never with "
                       "PPROFAGENT_SOCKET=off");
}

Result<std::string> SocketOfNamed(const std::string& name) {
  const Agents agents = FindAgents();
  std::vector<const fetch::Agent*> matches;
  std::vector<std::string> names;
  for (const fetch::Agent& agent : agents.found) {
    names.push_back(agent.name);
    if (agent.name == name) matches.push_back(&agent);
  }
  if (matches.size() == 1) return SocketOf(*matches.front());
  if (matches.empty()) {
    std::string text = "no process called " + Quote(name) + " runs under the agent";
    const std::optional<std::string> nearest = Nearest(name, names);
    text += nearest ? "; did you mean " + *nearest + "?" : "; \"cpprof ps\" lists those that do";
    return Status::Error(text);
  }
  std::vector<std::string> pids;
  pids.reserve(matches.size());
  for (const fetch::Agent* agent : matches) pids.push_back(std::to_string(agent->pid));
  return Status::Error("several processes are called " + Quote(name) + ": " + Join(pids, ", ") +
                       "; name one by its number");
}

bool IsSocket(const std::string& path) {
  struct stat info = {};
  return stat(path.c_str(), &info) == 0 && S_ISSOCK(info.st_mode);
}

}  // namespace

Agents FindAgents() {
  Agents agents;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
    const auto pid = ParseUint(entry.path().filename().string(), 10);
    if (!pid || *pid > INT_MAX) continue;
    fetch::Agent agent = fetch::LookForAgent(static_cast<int64_t>(*pid));
    if (!agent.runs) continue;
    if (!agent.is_loaded.has_value() && HasCommandLine(agent.pid)) ++agents.hidden;
    if (agent.is_loaded == true) agents.found.push_back(std::move(agent));
  }
  std::sort(agents.found.begin(), agents.found.end(),
            [](const fetch::Agent& a, const fetch::Agent& b) { return a.pid < b.pid; });
  return agents;
}

Result<std::string> FindControlSocket(const std::string& process) {
  if (process.find('/') != std::string::npos) {
    if (IsSocket(process)) return process;
    return Status::Error(process + " is not a socket");
  }
  const auto pid = ParseUint(process, 10);
  if (!pid) return SocketOfNamed(process);
  if (*pid == 0 || *pid > INT_MAX) return Status::Error(process + " is not a process id");
  return SocketOf(fetch::LookForAgent(static_cast<int64_t>(*pid)));
}

}  // namespace cpprof::control
