// SPDX-License-Identifier: Apache-2.0
//
// A file descriptor for the length of one use. The agent keeps none beyond
// that: a program that closes all descriptors, or puts its own under a number
// we hold, would write into our file or we into its socket. They are never 0,
// 1 or 2, which a program that started without them expects to get itself,
// and never inherited by a program it executes.
#pragma once

#include <fcntl.h>

#include <string>
#include <string_view>
#include <utility>

namespace pprofagent::service {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();

  bool valid() const { return fd_ >= 0; }
  int get() const { return fd_; }
  // The number without the ownership.
  int Release() { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

// The same open file under a number that is none of those three; `fd` itself if
// it is none, or no descriptor.
Descriptor AwayFromStandard(int fd);

// openat with O_CLOEXEC, retried when interrupted. Invalid on failure, errno
// says why.
Descriptor OpenAt(int directory, const std::string& path, int flags, mode_t mode = 0);
inline Descriptor Open(const std::string& path, int flags, mode_t mode = 0) {
  return OpenAt(AT_FDCWD, path, flags, mode);
}

// Where the kernel leaves the helper in the program's table of descriptors, this
// thread opens none from here on: OpenAt fails with EPERM.
void ForbidDescriptors();
bool MayOpenDescriptors();
inline constexpr std::string_view kNoDescriptors =
    "the kernel or a sandbox gives the agent no descriptors of its own (neither close_range nor "
    "unshare)";

// Closes all descriptors from `first` on of the calling thread, whose table must
// be its own.
void CloseDescriptorsFrom(int first);

// Writes all of it; false with errno set if that failed.
bool WriteAll(int fd, std::string_view data);

// The whole of a file whose size is not known beforehand, as those in /proc.
// False with errno set if it could not be read to the end.
bool ReadFile(const std::string& path, std::string* contents);

// The target of a symbolic link, empty if there is none to read.
std::string ReadLink(const std::string& path);

}  // namespace pprofagent::service
