// SPDX-License-Identifier: Apache-2.0
#include "agent/service/sink/atomic_file.h"

#include <errno.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>

namespace pprofagent::service {
namespace {

constexpr mode_t kPrivate = 0600;
constexpr int kTries = 16;
constexpr size_t kCopyChunk = size_t{64} * 1024;
// Where there are no locks.
constexpr int64_t kAbandonedAfterSeconds = 3600;
constexpr std::string_view kHexDigits = "0123456789abcdef";

// Unlike any name in use, most likely; O_EXCL makes sure.
std::string TemporaryName(const std::string& name) {
  timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  uint64_t number =
      static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
  std::string hex;
  for (; number != 0; number >>= 4) hex += kHexDigits[number & 15];
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

std::string_view NameOfTemporary(std::string_view temporary) {
  if (!temporary.starts_with('.') || !temporary.ends_with(kTemporarySuffix)) return {};
  temporary.remove_prefix(1);
  temporary.remove_suffix(std::min(temporary.size(), kTemporarySuffix.size()));
  const size_t dot = temporary.rfind('.');
  if (dot == std::string_view::npos || dot + 1 == temporary.size() ||
      temporary.find_first_not_of(kHexDigits, dot + 1) != std::string_view::npos) {
    return {};
  }
  return temporary.substr(0, dot);
}

bool IsAbandoned(int directory, const std::string& temporary) {
  constexpr int kFlags = O_WRONLY | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK;
  struct stat entry;
  if (fstatat(directory, temporary.c_str(), &entry, AT_SYMLINK_NOFOLLOW) != 0 ||
      !S_ISREG(entry.st_mode) || entry.st_uid != geteuid()) {
    return false;
  }
  const Descriptor file = OpenAt(directory, temporary, kFlags);
  if (file.valid() && flock(file.get(), LOCK_EX | LOCK_NB) == 0) return true;
  if (file.valid() && errno == EWOULDBLOCK) return false;
  return time(nullptr) - entry.st_mtime > kAbandonedAfterSeconds;
}

Status AtomicFile::Failed(const char* doing, int error) {
  RemoveTemporary();
  status_ = Status::Error(std::string("cannot ") + doing + " " + shown_ + ": " + ErrnoText(error) +
                          Remedy(error));
  return status_;
}

Status AtomicFile::Open() {
  // To be read again by CopyToTemporary.
  file_ = OpenAt(directory_, ".", O_RDWR | O_TMPFILE, kPrivate);
  // File systems, kernels and policies refuse it in many ways.
  if (!file_.valid()) return OpenNamed();
  if (fchmod(file_.get(), kPrivate) != 0) return Failed("write", errno);
  return Status();
}

Status AtomicFile::OpenNamed() {
  constexpr int kFlags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY;
  for (int tries = 0; tries < kTries; ++tries) {
    const std::string name = TemporaryName(name_);
    file_ = OpenAt(directory_, name, kFlags, kPrivate);
    if (!file_.valid() && errno == EEXIST) continue;
    if (!file_.valid()) break;
    temporary_ = name;
    flock(file_.get(), LOCK_EX | LOCK_NB);
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

// By the descriptor's name in this thread's table. The flag that does without
// (AT_EMPTY_PATH) takes a privilege before Linux 6.10.
bool AtomicFile::LinkAs(const std::string& name) const {
  const std::string self = "/proc/thread-self/fd/" + std::to_string(file_.get());
  return linkat(AT_FDCWD, self.c_str(), directory_, name.c_str(), AT_SYMLINK_FOLLOW) == 0;
}

bool AtomicFile::LinkAsTemporary() {
  flock(file_.get(), LOCK_EX | LOCK_NB);
  for (int tries = 0; tries < kTries; ++tries) {
    std::string name = TemporaryName(name_);
    if (LinkAs(name)) {
      temporary_ = std::move(name);
      return true;
    }
    if (errno != EEXIST) break;
  }
  return false;
}

// There may be no /proc to link by, and a policy (AppArmor's) may let files be
// written and renamed but not linked.
Status AtomicFile::CopyToTemporary() {
  const Descriptor unnamed = std::move(file_);
  if (Status status = OpenNamed(); !status.ok()) return status;
  std::string chunk(kCopyChunk, '\0');
  for (off_t at = 0;;) {
    const ssize_t got = pread(unnamed.get(), chunk.data(), chunk.size(), at);
    if (got < 0) return Failed("write", errno);
    if (got == 0) return Sync();
    const std::string_view read(chunk.data(), static_cast<size_t>(got));
    if (Status status = Write(read); !status.ok()) return status;
    at += got;
  }
}

Status AtomicFile::Exists() {
  exists_ = true;
  return Status::FromErrno("write " + shown_, EEXIST);
}

Status AtomicFile::Publish(Existing existing) {
  if (!status_.ok()) return status_;
  if (Status status = Sync(); !status.ok()) return status;
  exists_ = false;
  if (temporary_.empty()) {
    if (LinkAs(name_)) return Status();
    const bool is_taken = errno == EEXIST;
    if (is_taken && existing == kKeepExisting) return Exists();
    if (!is_taken || !LinkAsTemporary()) {
      if (Status status = CopyToTemporary(); !status.ok()) return status;
    }
  }
  return RenameTemporary(existing);
}

Status AtomicFile::RenameTemporary(Existing existing) {
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
  if (errno == EEXIST && existing == kKeepExisting) return Exists();
  return Failed("put into place", errno);
}

void AtomicFile::Rename(std::string name, std::string shown) {
  name_ = std::move(name);
  shown_ = std::move(shown);
}

}  // namespace pprofagent::service
