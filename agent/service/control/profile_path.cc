// SPDX-License-Identifier: Apache-2.0
#include "agent/service/control/profile_path.h"

#include <unistd.h>

#include "agent/service/base/descriptor.h"
#include "agent/service/base/process.h"
#include "agent/service/options/expand.h"
#include "agent/service/options/glob.h"
#include "agent/service/options/option_table.h"

namespace pprofagent::service {
namespace {

// The entry "NAME=value" of a block, empty if there is none.
std::string_view FindEntry(std::string_view block, std::string_view name_and_equals) {
  while (!block.empty()) {
    const size_t end = block.find('\0');
    const std::string_view entry = block.substr(0, end);
    if (entry.starts_with(name_and_equals)) return entry;
    block.remove_prefix(end == std::string_view::npos ? block.size() : end + 1);
  }
  return std::string_view();
}

std::string ReadEnvironment(const std::string& path) {
  std::string block;
  ReadFile(path, &block);
  return block;
}

bool IsProfiled(int pid, const Options& options) {
  const std::string name = ExecutableNameOf(pid);
  for (const std::string& pattern : options.only) {
    if (GlobMatches(pattern, name)) return true;
  }
  return false;
}

// Executed by a process that was itself started with the same option.
bool ParentHasSame(std::string_view option, const Options& options) {
  const int parent = getppid();
  if (parent <= 1 || !IsProfiled(parent, options)) return false;
  const std::string name = std::string(kOptionPrefix) + std::string(option) + "=";
  const std::string own = ReadEnvironment(ProcSelf("environ"));
  const std::string_view entry = FindEntry(own, name);
  return !entry.empty() &&
         HasEntry(ReadEnvironment("/proc/" + std::to_string(parent) + "/environ"), entry);
}

}  // namespace

bool HasEntry(std::string_view block, std::string_view entry) {
  return FindEntry(block, entry) == entry;
}

NamedFile ProfilePath(const Options& options, std::string_view option, const std::string& value,
                      const ProcessOrigin& origin) {
  NamedFile file;
  file.path = JoinPath(Expand(options.outputdir), Expand(value));
  file.make_directory = !options.outputdir.empty() && !value.starts_with('/');
  const bool names_the_process = value.find("%p") != std::string::npos;
  if (names_the_process) return file;
  // Written while we ran: by a child that we did not learn of.
  const bool is_taken = ModificationTime(file.path) >= origin.load_wall_ns;
  if (origin.is_fork_child || is_taken || ParentHasSame(option, options)) {
    file.path = WithPid(file.path, getpid());
  }
  return file;
}

}  // namespace pprofagent::service
