// SPDX-License-Identifier: Apache-2.0
//
// See whole_file.h.
#include "tools/base/whole_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <optional>

#include "tools/base/errno_text.h"
#include "tools/base/path.h"
#include "tools/base/strings.h"

namespace cpprof {
namespace {

constexpr mode_t kNewFile = 0666;  // less the umask
constexpr mode_t kPermissions = 07777;
constexpr int kMaxLinks = 40;

Status Failed(const char* what, const std::string& path, int error) {
  return Status::Error(std::string(what) + " " + path + ": " + ErrnoText(error));
}

Status WriteAndClose(int descriptor, std::string_view bytes, const std::string& path) {
  Status written = WriteBytes(descriptor, bytes, path);
  if (close(descriptor) != 0 && written.ok()) return Failed("close", path, errno);
  return written;
}

// Between two system calls that leave something behind if only the first one is made.
class SignalsHeld {
 public:
  SignalsHeld() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsHeld() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsHeld(const SignalsHeld&) = delete;
  SignalsHeld& operator=(const SignalsHeld&) = delete;

 private:
  sigset_t before_;
};

// A file in the making. It has no name, or one that its destruction removes.
class Draft {
 public:
  Draft() = default;
  ~Draft() {
    if (descriptor_ >= 0) close(descriptor_);
    if (!name_.empty()) unlink(name_.c_str());
  }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;

  // In the directory of `path`; 0 or errno.
  int Open(const std::string& path) {
    const std::string directory = DirName(path);
    descriptor_ = open(directory.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, kNewFile);
    if (descriptor_ >= 0) return 0;
    // What kernels say whose file system cannot do it.
    if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL) return errno;
    std::string name = JoinPath(directory, "." + BaseName(path) + ".XXXXXX");
    descriptor_ = mkostemp(name.data(), O_CLOEXEC);
    if (descriptor_ < 0) return errno;
    name_ = std::move(name);
    // mkostemp makes files that nobody else may read.
    const mode_t mask = umask(0);
    umask(mask);
    fchmod(descriptor_, kNewFile & ~mask);
    return 0;
  }

  Status Write(std::string_view bytes, std::optional<mode_t> mode, const std::string& path) {
    if (mode && fchmod(descriptor_, *mode) != 0) return Failed("chmod", path, errno);
    return WriteBytes(descriptor_, bytes, path);
  }

  // Gives it a name that is free; 0 or errno, EEXIST if the name is taken.
  int Link(const std::string& path) {
    if (name_.empty()) {
      const std::string self = StrFormat("/proc/self/fd/%d", descriptor_);
      const int done = linkat(AT_FDCWD, self.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW);
      return done == 0 ? 0 : errno;
    }
    // Not every file system that needs names has links: the free name is taken first.
    const SignalsHeld held;
    const int claim = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kNewFile);
    if (claim < 0) return errno;
    close(claim);
    if (rename(name_.c_str(), path.c_str()) != 0) return errno;
    name_.clear();
    return 0;
  }

  // Takes the place of a file that may exist.
  Status Replace(const std::string& path) {
    int error = Link(path);
    if (error == 0) return Status::Ok();
    const SignalsHeld held;
    for (int number = 0; error == EEXIST && name_.empty() && number < INT_MAX; ++number) {
      std::string name = JoinPath(DirName(path), StrFormat(".%s.%d.%d", BaseName(path).c_str(),
                                                           static_cast<int>(getpid()), number));
      error = Link(name);
      if (error == 0) name_ = std::move(name);
    }
    if (name_.empty()) return Failed("link", path, error);
    if (rename(name_.c_str(), path.c_str()) != 0) return Failed("rename", path, errno);
    name_.clear();
    return Status::Ok();
  }

 private:
  int descriptor_ = -1;
  std::string name_;
};

Status WriteInPlace(const std::string& path, std::string_view bytes, int flags) {
  const int descriptor = open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY | flags, kNewFile);
  if (descriptor < 0) return Failed("open", path, errno);
  return WriteAndClose(descriptor, bytes, path);
}

// The descriptor that a name stands for. Opening /dev/stdout would start at the beginning of what
// it is redirected to, over what others have written there.
std::optional<int> NamedDescriptor(std::string_view path) {
  if (path == "/dev/stdout") return STDOUT_FILENO;
  if (path == "/dev/stderr") return STDERR_FILENO;
  for (const std::string_view start : {"/dev/fd/", "/proc/self/fd/"}) {
    if (!path.starts_with(start)) continue;
    const auto number = ParseUint(path.substr(start.size()), 10);
    if (number && *number <= INT_MAX) return static_cast<int>(*number);
  }
  return std::nullopt;
}

// What `path` is a link to, if it is one; also when that does not exist.
Result<std::string> FollowLinks(std::string path) {
  for (int i = 0; i < kMaxLinks; ++i) {
    char target[PATH_MAX];
    const ssize_t length = readlink(path.c_str(), target, sizeof(target));
    if (length < 0) return path;
    const std::string_view to(target, static_cast<size_t>(length));
    path = IsAbsolutePath(to) ? std::string(to)
                              : path.substr(0, path.rfind('/') + 1) + std::string(to);
  }
  return Failed("open", path, ELOOP);
}

Status WriteRegularFile(const std::string& named, std::optional<mode_t> mode,
                        std::string_view bytes) {
  const Result<std::string> path = FollowLinks(named);
  if (!path.ok()) return path.status();
  Draft draft;
  const int error = draft.Open(*path);
  // The directory takes no new files, but the file is there and may be written.
  if (error != 0 && mode) return WriteInPlace(*path, bytes, O_TRUNC);
  if (error != 0) return Failed("open", named, error);
  Status written = draft.Write(bytes, mode, named);
  if (!written.ok()) return written;
  Status replaced = draft.Replace(*path);
  // Nor does a file that is mounted give its place away, or another user's in a sticky directory.
  return replaced.ok() || !mode ? replaced : WriteInPlace(*path, bytes, O_TRUNC);
}

}  // namespace

Status WriteBytes(int descriptor, std::string_view bytes, const std::string& name) {
  while (!bytes.empty()) {
    const ssize_t count = write(descriptor, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Failed("write", name, errno);
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  return Status::Ok();
}

Status WriteWholeFile(const std::string& path, std::string_view bytes) {
  if (const auto descriptor = NamedDescriptor(path)) return WriteBytes(*descriptor, bytes, path);
  struct stat info = {};
  if (stat(path.c_str(), &info) != 0) {
    return errno == ENOENT ? WriteRegularFile(path, std::nullopt, bytes)
                           : Failed("open", path, errno);
  }
  if (S_ISDIR(info.st_mode)) return Failed("open", path, EISDIR);
  if (access(path.c_str(), W_OK) != 0) return Failed("open", path, errno);
  if (!S_ISREG(info.st_mode)) return WriteInPlace(path, bytes, 0);
  return WriteRegularFile(path, info.st_mode & kPermissions, bytes);
}

Status AppendToFile(const std::string& path, std::string_view bytes) {
  if (const auto descriptor = NamedDescriptor(path)) return WriteBytes(*descriptor, bytes, path);
  return WriteInPlace(path, bytes, O_APPEND | O_CREAT);
}

Result<std::string> WriteNumberedFile(const std::function<std::string(int)>& name, int last_number,
                                      const std::string& form, std::string_view bytes) {
  Draft draft;
  if (const int error = draft.Open(name(1)); error != 0) return Failed("open", name(1), error);
  if (Status status = draft.Write(bytes, std::nullopt, name(1)); !status.ok()) return status;
  for (int number = 1; number <= last_number; ++number) {
    std::string path = name(number);
    const int error = draft.Link(path);
    if (error == 0) return path;
    if (error != EEXIST) return Failed("open", path, error);
  }
  return Status::Error("could not create file of the form " + form);
}

}  // namespace cpprof
