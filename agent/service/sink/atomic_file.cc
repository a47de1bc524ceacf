// SPDX-License-Identifier: Apache-2.0
#include "agent/service/sink/atomic_file.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

namespace pprofagent::service {
namespace {

constexpr mode_t kPrivate = 0600;
constexpr int kTries = 16;

// Unlike any name in use, most likely; O_EXCL makes sure.
std::string TemporaryName(const std::string& name) {
  timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  uint64_t number =
      static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
  std::string hex;
  for (; number != 0; number >>= 4) hex += "0123456789abcdef"[number & 15];
  return "." + name + "." + hex + std::string(kTemporarySuffix);
}

const char* Remedy(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
      return "; free some space, lower PPROFAGENT_KEEP or name another place";
    case EFBIG:
      return "; the program's file size limit (ulimit -f) forbids it";
    case EACCES:
    case EPERM:
    case EROFS:
      return "; name a place this user may write to";
    case EMFILE:
    case ENFILE:
      return "; the next attempt may find a free descriptor";
    default:
      return "";
  }
}

}  // namespace

AtomicFile::AtomicFile(int directory, std::string name, std::string shown)
    : directory_(directory), name_(std::move(name)), shown_(std::move(shown)) {}

AtomicFile::~AtomicFile() { RemoveTemporary(); }

void AtomicFile::RemoveTemporary() {
  if (temporary_.empty()) return;
  const int saved = errno;
  unlinkat(directory_, temporary_.c_str(), 0);
  temporary_.clear();
  errno = saved;
}

Status AtomicFile::Failed(const char* doing, int error) {
  RemoveTemporary();
  status_ = Status::Error(std::string("cannot ") + doing + " " + shown_ + ": " + ErrnoText(error) +
                          Remedy(error));
  return status_;
}

Status AtomicFile::Open() {
  constexpr int kFlags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY;
  for (int tries = 0; tries < kTries; ++tries) {
    const std::string name = TemporaryName(name_);
    file_ = OpenAt(directory_, name, kFlags, kPrivate);
    if (!file_.valid() && errno == EEXIST) continue;
    if (!file_.valid()) break;
    temporary_ = name;
    if (fchmod(file_.get(), kPrivate) != 0) return Failed("write", errno);
    return Status();
  }
  return Failed("write", errno);
}

Status AtomicFile::Write(std::string_view data) {
  if (!status_.ok()) return status_;
  if (!WriteAll(file_.get(), data)) return Failed("write", errno);
  return Status();
}

// File systems without fsync (EINVAL, ENOSYS) do what they can by themselves.
Status AtomicFile::Sync() {
  while (fsync(file_.get()) != 0) {
    if (errno == EINTR) continue;
    if (errno == EINVAL || errno == ENOSYS) break;
    return Failed("write", errno);
  }
  return Status();
}

Status AtomicFile::Publish(Existing existing) {
  if (!status_.ok()) return status_;
  if (Status status = Sync(); !status.ok()) return status;
  exists_ = false;
  const char* from = temporary_.c_str();
  const unsigned flags = existing == kKeepExisting ? RENAME_NOREPLACE : 0;
  int result = renameat2(directory_, from, directory_, name_.c_str(), flags);
  if (result != 0 && existing == kKeepExisting && (errno == EINVAL || errno == ENOSYS)) {
    // The file system cannot promise it; a second look is the best there is.
    struct stat entry;
    if (fstatat(directory_, name_.c_str(), &entry, AT_SYMLINK_NOFOLLOW) == 0) {
      errno = EEXIST;
    } else {
      result = renameat(directory_, from, directory_, name_.c_str());
    }
  }
  if (result == 0) {
    temporary_.clear();
    return Status();
  }
  if (errno == EEXIST && existing == kKeepExisting) {
    exists_ = true;
    return Status::FromErrno("write " + shown_, EEXIST);
  }
  return Failed("put into place", errno);
}

void AtomicFile::Rename(std::string name, std::string shown) {
  name_ = std::move(name);
  shown_ = std::move(shown);
}

}  // namespace pprofagent::service
