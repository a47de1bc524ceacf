// SPDX-License-Identifier: Apache-2.0
#include "agent/service/base/process.h"

#include <errno.h>
#include <limits.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "agent/hot/rt/raw_syscall.h"
#include "agent/service/base/descriptor.h"

namespace pprofagent::service {
namespace {

constexpr size_t kMaxName = 64;
constexpr std::string_view kAlphanumeric =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

bool IsIn(char c, std::string_view set) { return set.find(c) != std::string_view::npos; }

bool IsAlphanumeric(char c) { return c != '\0' && IsIn(c, kAlphanumeric); }

std::string NameFromLink(const std::string& link) {
  std::string_view path = link;
  constexpr std::string_view kDeleted = " (deleted)";
  if (path.ends_with(kDeleted)) path.remove_suffix(kDeleted.size());
  return SafeFileName(path.substr(path.rfind('/') + 1));
}

bool IsPlainArgument(std::string_view argument) {
  for (char c : argument) {
    if (!IsAlphanumeric(c) && !IsIn(c, "_-+=./:,@%")) return false;
  }
  return !argument.empty();
}

std::string Quoted(std::string_view argument) {
  if (IsPlainArgument(argument)) return std::string(argument);
  std::string quoted = "'";
  for (char c : argument) {
    if (c == '\'') {
      quoted += "'\\''";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

std::string ReadCommandLine() {
  std::string raw;
  if (!ReadFile(ProcSelf("cmdline"), &raw)) return std::string();
  std::string_view rest = raw;
  std::string line;
  while (!rest.empty()) {
    const size_t end = rest.find('\0');
    if (!line.empty()) line += ' ';
    line += Quoted(rest.substr(0, end));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  return line;
}

// Never freed: see service.cc.
constinit const std::string* remembered_command_line = nullptr;

}  // namespace

std::string SafeFileName(std::string_view name) {
  if (name.empty()) return "unknown";
  std::string safe(name.substr(0, kMaxName));
  for (char& c : safe) {
    if (!IsAlphanumeric(c) && !IsIn(c, "._-+")) c = '_';
  }
  if (safe.front() == '.' || safe.front() == '-') safe.front() = '_';
  return safe;
}

std::string ExecutableName() {
  const auto* path = reinterpret_cast<const char*>(getauxval(AT_EXECFN));
  // fexecve and the like: a descriptor has no name to go by.
  if (path == nullptr || *path == '\0' || std::string_view(path).starts_with("/dev/fd/") ||
      std::string_view(path).starts_with("/proc/")) {
    return ExecutableFileName();
  }
  return NameFromLink(path);
}

std::string ExecutableFileName() { return NameFromLink(ExecutablePath()); }

std::string ExecutableNameOf(int pid) {
  return NameFromLink(ReadLink("/proc/" + std::to_string(pid) + "/exe"));
}

std::string ExecutablePath() { return ReadLink(ProcSelf("exe")); }

bool ProcessExists(int pid) { return hot::RawSyscall(SYS_kill, pid, 0) != -ESRCH; }

std::string ProcSelf(std::string_view file) {
  const char* directory =
      ReadLink("/proc/thread-self").empty() ? "/proc/self/" : "/proc/thread-self/";
  return directory + std::string(file);
}

std::string HostName() {
  char name[HOST_NAME_MAX + 1] = {};
  if (gethostname(name, sizeof(name) - 1) != 0) return "unknown";
  return name;
}

std::string CommandLine() {
  return remembered_command_line != nullptr ? *remembered_command_line : ReadCommandLine();
}

void RememberCommandLine() { remembered_command_line = new std::string(ReadCommandLine()); }

}  // namespace pprofagent::service
