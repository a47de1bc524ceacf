// SPDX-License-Identifier: Apache-2.0
//
// See process_source.h.
#include "tools/fetch/process_source.h"

#include <fcntl.h>
#include <glob.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <filesystem>

#include "tools/base/descriptor.h"
#include "tools/base/errno_text.h"
#include "tools/base/path.h"
#include "tools/base/strings.h"
#include "tools/fetch/dump_directory.h"

namespace cpprof::fetch {
namespace {

constexpr std::string_view kScheme = "pid:";
constexpr std::string_view kDefaultKind = "heap";
// The agent's defaults.
constexpr std::string_view kDefaultDirectory = "/tmp/pprofagent-%u";
constexpr std::string_view kDefaultSocket = "%d/%e.%p.sock";
constexpr std::string_view kDefaultSignal = "USR1";
constexpr std::string_view kVariable = "PPROFAGENT_";
constexpr std::string_view kAgentLibrary = "libpprofagent";
constexpr std::string_view kAgentThread = "pprofagent\n";

// A process as /proc shows it.
struct Process {
  int64_t pid = 0;
  bool exists = false;
  int64_t own_pid = 0;  // in its own pid namespace
  uint64_t uid = 0;     // effective
  std::string name;
  std::string root;  // what to put in front of its paths, or empty
  std::vector<std::string> environment;
  // Nothing if that may not be seen.
  std::optional<bool> has_agent;

  // A variable of the agent's.
  std::string_view Option(std::string_view option, std::string_view default_value) const {
    const std::string start = std::string(kVariable) + std::string(option) + "=";
    for (const std::string& variable : environment) {
      if (!variable.starts_with(start)) continue;
      const std::string_view value = std::string_view(variable).substr(start.size());
      return value.empty() ? default_value : value;
    }
    return default_value;
  }
  // Whether the environment is known: that of a process that is gone is not, and programs that
  // change their title write over theirs.
  bool HasOptions() const {
    return std::any_of(environment.begin(), environment.end(),
                       [](const std::string& text) { return text.starts_with(kVariable); });
  }
  // A file name as the process means it, as we have to say it.
  std::string Seen(const std::string& path) const {
    if (IsAbsolutePath(path)) return root + path;
    return "/proc/" + std::to_string(pid) + "/cwd/" + path;
  }
  std::string Described() const {
    return "process " + std::to_string(pid) + (name.empty() ? "" : " (" + name + ")");
  }
};

// Empty if it cannot be read; the process may end at any moment, between two
// reads as well.
std::string ReadProc(const std::string& path) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return "";
  std::string content;
  char piece[4096];
  ssize_t count = 0;
  while ((count = read(file.get(), piece, sizeof(piece))) > 0 || (count < 0 && errno == EINTR)) {
    if (count > 0) content.append(piece, static_cast<size_t>(count));
  }
  return count < 0 ? "" : content;
}

std::string Link(const std::string& path) {
  char target[PATH_MAX];
  const ssize_t length = readlink(path.c_str(), target, sizeof(target));
  return length < 0 ? "" : std::string(target, static_cast<size_t>(length));
}

// What `/proc/PID/status` says of the process.
void ReadStatus(const std::string& directory, Process* process) {
  const std::string status = ReadProc(directory + "/status");
  for (const std::string_view line : Split(status, '\n')) {
    const std::vector<std::string_view> words = Fields(line);
    if (words.size() < 2) continue;
    if (words[0] == "Name:") process->name = words[1];
    if (words[0] == "NSpid:") process->own_pid = ParseInt(words.back()).value_or(process->pid);
    // Real, effective, ...
    if (words[0] == "Uid:" && words.size() > 2) {
      process->uid = ParseUint(words[2], 10).value_or(process->uid);
    }
  }
}

Process ReadProcess(int64_t pid) {
  Process process;
  process.pid = process.own_pid = pid;
  process.uid = geteuid();
  const std::string directory = "/proc/" + std::to_string(pid);
  struct stat info = {};
  process.exists = stat(directory.c_str(), &info) == 0;
  if (!process.exists) return process;
  ReadStatus(directory, &process);
  const std::string environment = ReadProc(directory + "/environ");
  for (const std::string_view variable : Split(environment, '\0')) {
    process.environment.emplace_back(variable);
  }
  const std::string maps = ReadProc(directory + "/maps");
  if (!maps.empty()) process.has_agent = maps.find(kAgentLibrary) != std::string::npos;
  const std::string root = Link(directory + "/root");
  const std::string mounts = Link(directory + "/ns/mnt");
  if ((!root.empty() && root != "/") || (!mounts.empty() && mounts != Link("/proc/self/ns/mnt"))) {
    process.root = directory + "/root";
  }
  return process;
}

std::string EscapeGlob(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (std::string_view("*?[\\").find(c) != std::string_view::npos) escaped += '\\';
    escaped += c;
  }
  return escaped;
}

// The files that fit; none is no error.
std::vector<std::string> Glob(const std::string& pattern) {
  glob_t found = {};
  std::vector<std::string> paths;
  if (glob(pattern.c_str(), 0, nullptr, &found) == 0) {
    paths.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  }
  globfree(&found);
  return paths;
}

// The directories that the agent's threads have open, in a descriptor table of their own: that of
// its socket.
std::vector<std::string> DirectoriesOfAgent(int64_t pid) {
  std::vector<std::string> directories;
  std::error_code ignored;
  const std::string tasks = "/proc/" + std::to_string(pid) + "/task";
  for (const auto& task : std::filesystem::directory_iterator(tasks, ignored)) {
    if (ReadProc(task.path() / "comm") != kAgentThread) continue;
    std::error_code gone;
    for (const auto& file : std::filesystem::directory_iterator(task.path() / "fd", gone)) {
      if (file.is_directory(ignored)) directories.push_back(Link(file.path()));
    }
    break;  // they share the table
  }
  return directories;
}

// Why nobody answers there: "" if somebody does.
std::string CannotConnect(const std::string& path, uint64_t uid) {
  struct stat info = {};
  if (stat(path.c_str(), &info) != 0) return ErrnoText(errno);
  // Anybody may make a socket of any name where anybody may make files.
  if (info.st_uid != uid && info.st_uid != 0) return "owned by another user";
  sockaddr_un address = {};
  if (path.size() >= sizeof(address.sun_path)) return "name too long for a socket";
  address.sun_family = AF_UNIX;
  std::copy(path.begin(), path.end(), address.sun_path);
  const Descriptor client(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (client.get() < 0) return ErrnoText(errno);
  const int connected =
      connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  // Busy is an answer, too.
  return connected == 0 || errno == EAGAIN ? "" : ErrnoText(errno);
}

// The path under which HTTP serves a kind.
std::string Endpoint(const std::string& kind) {
  return "/debug/pprof/" + (kind == "cpu" ? "profile" : kind);
}

class Search {
 public:
  Search(Process process, std::string kind) : process_(std::move(process)), kind_(std::move(kind)) {
    // Whoever set it for the program may have set it for us.
    const char* own = process_.HasOptions() ? nullptr : std::getenv("PPROFAGENT_DIR");
    const std::string_view directory =
        own != nullptr && *own != '\0' ? own : process_.Option("DIR", kDefaultDirectory);
    directory_pattern_ = process_.Seen(GlobPattern(directory, "", process_.own_pid, process_.uid));
    directories_ = Glob(directory_pattern_);
    if (process_.HasOptions() || !process_.exists) return;
    for (const std::string& open : DirectoriesOfAgent(process_.pid)) {
      const std::string seen = process_.Seen(open);
      if (std::find(directories_.begin(), directories_.end(), seen) == directories_.end()) {
        directories_.push_back(seen);
      }
    }
  }

  Result<ProcessProfile> Run() {
    const std::string socket = FindSocket();
    if (!socket.empty()) return ProcessProfile{"unix:" + socket + Endpoint(kind_), "", ""};
    const std::optional<Dump> dump = NewestDump();
    if (!dump) return Nothing();
    const std::string why = process_.exists ? NoSocket() : process_.Described() + " does not run";
    return ProcessProfile{"", dump->path,
                          why + "; this is its newest " + kind_ + " dump, " + dump->path};
  }

  Agent Look() {
    Agent agent;
    agent.pid = process_.pid;
    agent.name = process_.name;
    agent.runs = process_.exists;
    agent.is_loaded = process_.has_agent;
    if (agent.is_loaded != false) agent.socket = FindSocket();
    if (agent.socket.empty()) agent.problem = deaf_socket_;
    return agent;
  }

 private:
  std::string FindSocket() {
    std::string_view name = process_.Option("SOCKET", kDefaultSocket);
    if (!process_.exists || name == "off") return "";
    if (name == "on") name = kDefaultSocket;
    for (const std::string& pattern : SocketPatterns(name)) {
      for (const std::string& path : Glob(pattern)) {
        const std::string problem = CannotConnect(path, process_.uid);
        if (problem.empty()) return path;
        deaf_socket_ = path + ": " + problem;
      }
    }
    return "";
  }

  std::vector<std::string> SocketPatterns(std::string_view name) const {
    if (name.find("%d") == std::string_view::npos) {
      return {process_.Seen(GlobPattern(name, "", process_.own_pid, process_.uid))};
    }
    std::vector<std::string> patterns;
    for (const std::string& directory : directories_) {
      patterns.push_back(GlobPattern(name, directory, process_.own_pid, process_.uid));
    }
    return patterns;
  }

  std::optional<Dump> NewestDump() const {
    std::optional<Dump> newest;
    for (const std::string& directory : directories_) {
      const auto dumps = ListDumps(directory, process_.own_pid);
      if (!dumps.ok()) continue;
      for (const Dump& dump : *dumps) {
        if (dump.kind == kind_ && (!newest || dump.time_nanos >= newest->time_nanos)) newest = dump;
      }
    }
    return newest;
  }

  std::string NoSocket() const {
    return process_.Described() + (deaf_socket_.empty() ? " has no control socket"
                                                        : " does not answer at " + deaf_socket_);
  }

  std::string Where() const {
    return directories_.empty() ? directory_pattern_ : Join(directories_, ", ");
  }

  Status Nothing() const {
    const std::string no_dump = "no " + kind_ + " dump of it in " + Where();
    if (!process_.exists) {
      return Status::Error(process_.Described() + " does not run, and there is " + no_dump);
    }
    if (process_.has_agent == false) {
      return Status::Error(process_.Described() +
                           " does not run under the agent, as far as can be seen; start it " +
                           "with LD_PRELOAD=" + std::string(kAgentLibrary) + ".so");
    }
    if (!process_.HasOptions()) {
      return Status::Error(NoSocket() + ", and there is " + no_dump +
                           "; if it writes elsewhere, set PPROFAGENT_DIR to where");
    }
    const std::string_view signal = process_.Option("SIGNAL", kDefaultSignal);
    std::string text = NoSocket() + ", and there is " + no_dump;
    if (signal != "none") {
      text += "; kill -" + std::string(signal) + " " + std::to_string(process_.pid) +
              " dumps what " + "PPROFAGENT_SIGNAL_PROFILES says";
    }
    return Status::Error(text);
  }

  const Process process_;
  const std::string kind_;
  std::string directory_pattern_;
  std::vector<std::string> directories_;
  std::string deaf_socket_;
};

}  // namespace

Result<std::optional<ProcessSource>> ParseProcessSource(std::string_view source) {
  if (!source.starts_with(kScheme)) return std::optional<ProcessSource>();
  const std::string_view rest = source.substr(kScheme.size());
  const size_t slash = std::min(rest.find('/'), rest.size());
  const auto pid = ParseUint(rest.substr(0, slash), 10);
  const std::string_view kind = slash == rest.size() ? "" : rest.substr(slash + 1);
  if (!pid || *pid == 0 || *pid > INT_MAX || kind.find_first_of("/?%#") != std::string_view::npos) {
    return Status::Error("no process; say pid:N or pid:N/KIND, for example pid:4711/heap");
  }
  return std::optional(ProcessSource{static_cast<int64_t>(*pid), CanonicalKind(kind)});
}

Agent LookForAgent(int64_t pid) { return Search(ReadProcess(pid), "").Look(); }

Result<ProcessProfile> FindProcessProfile(const ProcessSource& source) {
  return Search(ReadProcess(source.pid),
                source.kind.empty() ? std::string(kDefaultKind) : source.kind)
      .Run();
}

std::string GlobPattern(std::string_view name, std::string_view directory, int64_t pid,
                        uint64_t uid) {
  std::string pattern;
  for (size_t i = 0; i < name.size(); ++i) {
    if (name[i] != '%' || i + 1 == name.size()) {
      pattern += EscapeGlob(name.substr(i, 1));
      continue;
    }
    switch (name[++i]) {
      case 'p':
        pattern += std::to_string(pid);
        break;
      case 'u':
        pattern += std::to_string(uid);
        break;
      case 'd':
        pattern += EscapeGlob(directory);
        break;
      case '%':
        pattern += '%';
        break;
      case 'e':
      case 'h':
        pattern += '*';
        break;
      default:
        pattern += EscapeGlob(name.substr(i - 1, 2));
    }
  }
  return pattern;
}

}  // namespace cpprof::fetch
