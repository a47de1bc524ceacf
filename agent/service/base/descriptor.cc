// SPDX-License-Identifier: Apache-2.0
#include "agent/service/base/descriptor.h"

#include <errno.h>
#include <limits.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

#include "agent/hot/rt/raw_syscall.h"
#include "agent/service/base/directory.h"

namespace pprofagent::service {
namespace {

constexpr int kFirstOwnDescriptor = 3;
constexpr size_t kReadChunk = size_t{64} * 1024;
// Without /proc: limits of a thousand million are about, and each costs a call.
constexpr rlim_t kMostClosedBlindly = rlim_t{1} << 20;

constinit thread_local bool t_may_open = true;

// Closing again after EINTR would close somebody else's: Linux has released the
// number already.
void Close(int fd) {
  const int saved = errno;
  close(fd);
  errno = saved;
}

// -1 if it is no number.
int ParseDescriptor(const char* name) {
  int fd = *name == '\0' ? -1 : 0;
  for (; *name != '\0'; ++name) {
    if (*name < '0' || *name > '9') return -1;
    fd = fd * 10 + (*name - '0');
  }
  return fd;
}

}  // namespace

void ForbidDescriptors() { t_may_open = false; }

bool MayOpenDescriptors() { return t_may_open; }

void CloseDescriptorsFrom(int first) {
  // In a full table this makes room for the list.
  hot::RawSyscall(SYS_close, first);
  const auto list = static_cast<int>(hot::RawSyscall(SYS_openat, AT_FDCWD, "/proc/thread-self/fd",
                                                     O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0));
  if (list >= 0) {
    ForEachEntry(list, [list, first](const char* name) {
      const int fd = ParseDescriptor(name);
      if (fd >= first && fd != list) hot::RawSyscall(SYS_close, fd);
    });
    hot::RawSyscall(SYS_close, list);
    return;
  }
  rlimit limit = {0, 0};
  getrlimit(RLIMIT_NOFILE, &limit);
  const auto end = static_cast<int>(std::min(limit.rlim_cur, kMostClosedBlindly));
  for (int fd = first; fd < end; ++fd) hot::RawSyscall(SYS_close, fd);
}

Descriptor AwayFromStandard(int fd) {
  if (fd < 0 || fd >= kFirstOwnDescriptor) return Descriptor(fd);
  const int moved = fcntl(fd, F_DUPFD_CLOEXEC, kFirstOwnDescriptor);
  Close(fd);
  return Descriptor(moved);
}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

Descriptor::~Descriptor() {
  if (fd_ >= 0) Close(fd_);
}

Descriptor OpenAt(int directory, const std::string& path, int flags, mode_t mode) {
  if (!t_may_open) {
    errno = EPERM;
    return Descriptor();
  }
  int fd;
  do {
    fd = openat(directory, path.c_str(), flags | O_CLOEXEC, mode);
  } while (fd < 0 && errno == EINTR);
  return AwayFromStandard(fd);
}

bool WriteAll(int fd, std::string_view data) {
  while (!data.empty()) {
    const ssize_t written = write(fd, data.data(), data.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    if (written == 0) {
      errno = EIO;
      return false;
    }
    data.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

bool ReadFile(const std::string& path, std::string* contents) {
  contents->clear();
  const Descriptor file = Open(path, O_RDONLY);
  if (!file.valid()) return false;
  size_t size = 0;
  for (;;) {
    contents->resize(size + kReadChunk);
    const ssize_t got = read(file.get(), contents->data() + size, kReadChunk);
    if (got < 0 && errno == EINTR) continue;
    contents->resize(size + static_cast<size_t>(got > 0 ? got : 0));
    if (got <= 0) return got == 0;
    size = contents->size();
  }
}

std::string ReadLink(const std::string& path) {
  char target[PATH_MAX];
  const ssize_t length = readlink(path.c_str(), target, sizeof(target));
  return length > 0 ? std::string(target, static_cast<size_t>(length)) : std::string();
}

}  // namespace pprofagent::service
