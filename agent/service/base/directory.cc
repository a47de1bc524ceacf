// SPDX-License-Identifier: Apache-2.0
#include "agent/service/base/directory.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

namespace pprofagent::service {
namespace {

constexpr mode_t kPrivate = 0700;

// The program's umask may take even the owner's rights away; those are given
// back. Only a directory made here is touched.
Status Make(const std::string& path) {
  if (mkdir(path.c_str(), kPrivate) == 0) {
    struct stat made;
    if (lstat(path.c_str(), &made) == 0 && (made.st_mode & kPrivate) != kPrivate) {
      chmod(path.c_str(), kPrivate);
    }
    return Status();
  }
  if (errno == EEXIST) return Status();
  return Status::FromErrno("make the directory " + path, errno);
}

Status DescribeOpenFailure(const std::string& path, int error) {
  struct stat entry;
  if (error == ENOTDIR && lstat(path.c_str(), &entry) == 0) {
    return Status::Error(path + (S_ISLNK(entry.st_mode) ? " is a symbolic link" : " is a file") +
                         ", not a directory; name another with PPROFAGENT_DIR");
  }
  return Status::FromErrno("open the directory " + path, error);
}

Status CheckPrivate(const std::string& path, int fd) {
  struct stat entry;
  if (fstat(fd, &entry) != 0) return Status::FromErrno("examine the directory " + path, errno);
  if (entry.st_uid != geteuid()) {
    return Status::Error("the directory " + path + " belongs to user " +
                         std::to_string(entry.st_uid) + ", not to this process's user " +
                         std::to_string(geteuid()) + "; name another with PPROFAGENT_DIR");
  }
  if ((entry.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return Status::Error("the directory " + path +
                         " may be written by others; make it private (chmod 700) or name another "
                         "with PPROFAGENT_DIR");
  }
  return Status();
}

}  // namespace

Status OpenPrivateDirectory(const std::string& path, Descriptor* directory) {
  constexpr int kFlags = O_PATH | O_DIRECTORY | O_NOFOLLOW;
  Descriptor opened = Open(path, kFlags);
  if (!opened.valid() && errno == ENOENT) {
    if (Status status = Make(path); !status.ok()) return status;
    opened = Open(path, kFlags);
  }
  if (!opened.valid()) return DescribeOpenFailure(path, errno);
  if (Status status = CheckPrivate(path, opened.get()); !status.ok()) return status;
  *directory = std::move(opened);
  return Status();
}

Status OpenNamedDirectory(const std::string& path, bool create, Descriptor* directory) {
  constexpr int kFlags = O_PATH | O_DIRECTORY;
  Descriptor opened = Open(path, kFlags);
  if (!opened.valid() && errno == ENOENT && create) {
    if (Status status = Make(path); !status.ok()) return status;
    opened = Open(path, kFlags);
  }
  if (!opened.valid()) return Status::FromErrno("open the directory " + path, errno);
  *directory = std::move(opened);
  return Status();
}

std::vector<std::string> ListDirectory(int directory) {
  std::vector<std::string> names;
  const Descriptor readable = OpenAt(directory, ".", O_RDONLY | O_DIRECTORY);
  if (!readable.valid()) return names;
  ForEachEntry(readable.get(), [&names](const char* name) { names.emplace_back(name); });
  return names;
}

}  // namespace pprofagent::service
