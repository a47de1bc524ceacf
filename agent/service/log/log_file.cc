// SPDX-License-Identifier: Apache-2.0
#include "agent/service/log/log_file.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/service/base/descriptor.h"
#include "agent/service/base/directory.h"
#include "agent/service/base/signal_block.h"
#include "agent/service/options/environment.h"
#include "agent/service/options/expand.h"

namespace pprofagent::service {
namespace {

constexpr mode_t kPrivate = 0600;
constexpr std::string_view kInDumpDirectory = "%d/";

bool IsOurFileWithRoom(int fd, size_t more) {
  struct stat file;
  return fstat(fd, &file) == 0 && S_ISREG(file.st_mode) && file.st_uid == geteuid() &&
         file.st_size + static_cast<int64_t>(more) <= kMaxLogBytes;
}

bool Append(int directory, const std::string& name, std::string_view line) {
  constexpr int kFlags = O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK;
  const Descriptor file = OpenAt(directory, name, kFlags, kPrivate);
  return file.valid() && IsOurFileWithRoom(file.get(), line.size()) && WriteAll(file.get(), line);
}

bool AppendInDumpDirectory(const std::string& pattern, std::string_view name,
                           std::string_view line) {
  Descriptor directory;
  if (!OpenPrivateDirectory(Expand(pattern), &directory).ok()) return false;
  return Append(directory.get(), Expand(name), line);
}

}  // namespace

bool WriteLogLine(const LogTarget& target, std::string_view line) {
  if (target.log.empty()) return false;
  const BlockWriteSignals block;
  if (target.log == "stderr") return WriteAll(STDERR_FILENO, line);
  std::string_view name = target.log;
  if (!name.starts_with(kInDumpDirectory)) {
    return Append(AT_FDCWD, Expand(name, Expand(target.directory)), line);
  }
  name.remove_prefix(kInDumpDirectory.size());
  if (AppendInDumpDirectory(target.directory, name, line)) return true;
  const std::string fallback = DefaultOptions().dir;
  return fallback != target.directory && AppendInDumpDirectory(fallback, name, line);
}

}  // namespace pprofagent::service
