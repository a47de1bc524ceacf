// SPDX-License-Identifier: Apache-2.0
#include "tools/fetch/perf_data.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "tools/base/errno_text.h"
#include "tools/base/strings.h"
#include "tools/fetch/source.h"

namespace cpprof::fetch {
namespace {

constexpr char kConverter[] = "perf_to_profile";

// A file with a name of its own, which is gone at the end.
class TemporaryFile {
 public:
  TemporaryFile() {
    const char* directory = std::getenv("TMPDIR");
    path_ = std::string(directory == nullptr ? "/tmp" : directory) + "/pprof_XXXXXX";
    descriptor_ = mkostemp(path_.data(), O_CLOEXEC);
  }
  ~TemporaryFile() {
    if (descriptor_ < 0) return;
    close(descriptor_);
    unlink(path_.c_str());
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  bool ok() const { return descriptor_ >= 0; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  int descriptor_;
};

// Runs a program to its end; its output goes where ours goes, but not into the report.
Status Run(const std::vector<std::string>& command) {
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
  pid_t child = 0;
  const int error =
      posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error == ENOENT) {
    return Status::Error("exec: " + Quote(command[0]) + ": executable file not found in $PATH");
  }
  if (error != 0) return Status::Error(command[0] + ": " + ErrnoText(error));
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return Status::Error(command[0] + ": " + ErrnoText(errno));
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return Status::Ok();
  return Status::Error(WIFEXITED(status) ? StrFormat("exit status %d", WEXITSTATUS(status))
                                         : StrFormat("killed by signal %d", WTERMSIG(status)));
}

}  // namespace

bool IsPerfData(std::string_view bytes) { return bytes.starts_with("PERFILE2"); }

Result<Bytes> ConvertPerfData(const std::string& path, Notices* notices) {
  notices->Print("Converting " + path + " to a profile.proto... (May take a few minutes)");
  const TemporaryFile converted;
  if (!converted.ok()) {
    return Status::Error("cannot make a temporary file: " + ErrnoText(errno));
  }
  const Status status = Run({kConverter, "-i", path, "-o", converted.path(), "-f"});
  if (!status.ok()) {
    return status.Annotate(
        "failed to convert perf.data file. Try github.com/google/perf_data_converter");
  }
  return ReadFile(converted.path());
}

}  // namespace cpprof::fetch
