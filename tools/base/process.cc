// SPDX-License-Identifier: Apache-2.0
//
// See process.h.
#include "tools/base/process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "tools/base/descriptor.h"
#include "tools/base/errno_text.h"
#include "tools/base/strings.h"

namespace cpprof {
namespace {

Status Failed(const std::string& what, int error) {
  return Status::Error(what + ": " + ErrnoText(error));
}

// A file in memory that holds `bytes`, read from its start. A pipe could block both sides.
Status MakeInput(std::string_view bytes, Descriptor* input) {
  input->Reset(memfd_create("input", MFD_CLOEXEC));
  if (input->get() < 0) return Failed("memfd_create", errno);
  while (!bytes.empty()) {
    const ssize_t count = write(input->get(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Failed("write", errno);
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  if (lseek(input->get(), 0, SEEK_SET) < 0) return Failed("lseek", errno);
  return Status::Ok();
}

constexpr short kOwnSession = POSIX_SPAWN_SETSID;

// A new process' standard descriptors; -1: that of ours.
struct Streams {
  int input = -1;
  int output = -1;
  int error = -1;
};

Status Spawn(const std::vector<std::string>& arguments, const Streams& streams, short flags,
             pid_t* pid) {
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  if (streams.input >= 0) {
    posix_spawn_file_actions_adddup2(&actions, streams.input, STDIN_FILENO);
  }
  if (streams.output >= 0) {
    posix_spawn_file_actions_adddup2(&actions, streams.output, STDOUT_FILENO);
  }
  if (streams.error >= 0) {
    posix_spawn_file_actions_adddup2(&actions, streams.error, STDERR_FILENO);
  }
  // We ignore SIGPIPE; a child that did would not end when nobody reads what it writes.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  // Nor should it be deaf to the signals that are held back while we read commands.
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(
      &attributes, static_cast<short>(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | flags));
  const int error = posix_spawnp(pid, argv[0], &actions, &attributes, argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error == ENOENT) {
    return Status::Error("exec: " + Quote(arguments[0]) + ": executable file not found in $PATH");
  }
  return error == 0 ? Status::Ok() : Failed("exec: " + Quote(arguments[0]), error);
}

Status Wait(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return Failed("waitpid", errno);
  }
  if (WIFSIGNALED(status)) return Status::Error(StrFormat("signal %d", WTERMSIG(status)));
  if (WEXITSTATUS(status) == 0) return Status::Ok();
  return Status::Error(StrFormat("exit status %d", WEXITSTATUS(status)));
}

// Reads to the end of the output, or to a limit.
Status ReadWithin(int descriptor, const RunLimits& limits, std::string* output) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point deadline = Clock::now() + limits.time;
  std::vector<char> buffer(size_t{256} * 1024);
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) {
      return Status::Error(StrFormat("ended after %lld seconds without a result",
                                     static_cast<long long>(limits.time.count())));
    }
    pollfd waiting = {.fd = descriptor, .events = POLLIN, .revents = 0};
    const int ready = poll(&waiting, 1, static_cast<int>(std::min<int64_t>(left, 60'000)));
    if (ready < 0 && errno != EINTR) return Failed("poll", errno);
    if (ready <= 0) continue;
    const ssize_t count = read(descriptor, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Failed("read", errno);
    if (count == 0) return Status::Ok();
    output->append(buffer.data(), static_cast<size_t>(count));
    if (output->size() > limits.output_bytes) {
      return Status::Error(StrFormat("ended after more than %zu MB of output",
                                     limits.output_bytes / (size_t{1024} * 1024)));
    }
  }
}

// The first line of what was written to the file.
std::string FirstLine(int descriptor) {
  char buffer[512];
  const ssize_t count = pread(descriptor, buffer, sizeof(buffer), 0);
  const std::string_view text(buffer, count > 0 ? static_cast<size_t>(count) : 0);
  return std::string(TrimSpace(text.substr(0, text.find('\n'))));
}

}  // namespace

Result<std::string> RunProgramWithin(const std::vector<std::string>& arguments,
                                     const RunLimits& limits) {
  const Descriptor nothing(open("/dev/null", O_RDONLY | O_CLOEXEC));
  const Descriptor complaints(memfd_create("stderr", MFD_CLOEXEC));
  if (complaints.get() < 0) return Failed("memfd_create", errno);
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return Failed("pipe", errno);
  Descriptor reading(ends[0]);
  Descriptor writing(ends[1]);
  pid_t pid = 0;
  Status spawned =
      Spawn(arguments, {.input = nothing.get(), .output = writing.get(), .error = complaints.get()},
            0, &pid);
  if (!spawned.ok()) return spawned;
  writing.Close();
  std::string output;
  const Status within = ReadWithin(reading.get(), limits, &output);
  if (!within.ok()) kill(pid, SIGKILL);
  const Status ended = Wait(pid);
  if (!within.ok()) return within;
  if (!ended.ok()) {
    const std::string complaint = FirstLine(complaints.get());
    return complaint.empty() ? ended : Status::Error(ended.message() + " (" + complaint + ")");
  }
  return output;
}

Result<std::string> RunProgram(const std::vector<std::string>& arguments, std::string_view input) {
  Descriptor read_from;
  Status made = MakeInput(input, &read_from);
  if (!made.ok()) return made;
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return Failed("pipe", errno);
  Descriptor reading(ends[0]);
  Descriptor writing(ends[1]);
  pid_t pid = 0;
  Status spawned = Spawn(arguments, {.input = read_from.get(), .output = writing.get()}, 0, &pid);
  if (!spawned.ok()) return spawned;
  writing.Close();
  std::string output;
  char buffer[64 * 1024];
  for (;;) {
    const ssize_t count = read(reading.get(), buffer, sizeof(buffer));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    output.append(buffer, static_cast<size_t>(count));
  }
  Status ended = Wait(pid);
  if (!ended.ok()) return ended;
  return output;
}

Status StartProgram(const std::vector<std::string>& arguments, bool wait, bool* started) {
  const Descriptor nothing(open("/dev/null", O_RDONLY | O_CLOEXEC));
  pid_t pid = 0;
  Status spawned = Spawn(arguments, {.input = nothing.get()}, wait ? 0 : kOwnSession, &pid);
  if (started != nullptr) *started = spawned.ok();
  return spawned.ok() && wait ? Wait(pid) : spawned;
}

Status RunShellCommand(const std::string& command, std::string_view input) {
  Descriptor read_from;
  Status made = MakeInput(input, &read_from);
  if (!made.ok()) return made;
  pid_t pid = 0;
  Status spawned = Spawn({"/bin/sh", "-c", command}, {.input = read_from.get()}, 0, &pid);
  if (spawned.ok()) static_cast<void>(Wait(pid));
  return spawned;
}

}  // namespace cpprof
