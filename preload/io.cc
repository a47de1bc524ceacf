// SPDX-License-Identifier: Apache-2.0
//
// Input and output on files and pipes. What stdio does inside libc is not seen.
#include "preload/timed_call.h"

namespace pprofagent::preload {

PPROFAGENT_INTERPOSE ssize_t read(int file, void* to, size_t size) {
  if (!hot::WatchingIo()) [[likely]]
    return g_real_io.read(file, to, size);
  return kTimedIo<&hot::RealIo::read>(file, to, size);
}

PPROFAGENT_INTERPOSE ssize_t __read_chk(int file, void* to, size_t size, size_t room) {
  if (!hot::WatchingIo()) [[likely]]
    return g_real_io.read_chk(file, to, size, room);
  return kTimedIo<&hot::RealIo::read_chk>(file, to, size, room);
}

PPROFAGENT_INTERPOSE ssize_t readv(int file, const iovec* to, int count) {
  if (!hot::WatchingIo()) [[likely]]
    return g_real_io.readv(file, to, count);
  return kTimedIo<&hot::RealIo::readv>(file, to, count);
}

PPROFAGENT_INTERPOSE ssize_t pread(int file, void* to, size_t size, off_t offset) {
  if (!hot::WatchingIo()) [[likely]]
    return g_real_io.pread(file, to, size, offset);
  return kTimedIo<&hot::RealIo::pread>(file, to, size, offset);
}

PPROFAGENT_INTERPOSE ssize_t pread64(int file, void* to, size_t size, off64_t offset) {
  if (!hot::WatchingIo()) [[likely]]
    return g_real_io.pread64(file, to, size, offset);
  return kTimedIo<&hot::RealIo::pread64>(file, to, size, offset);
}

PPROFAGENT_INTERPOSE ssize_t write(int file, const void* from, size_t size) {
  if (!hot::WatchingIo()) [[likely]]
    return g_real_io.write(file, from, size);
  return kTimedIo<&hot::RealIo::write>(file, from, size);
}

PPROFAGENT_INTERPOSE ssize_t writev(int file, const iovec* from, int count) {
  if (!hot::WatchingIo()) [[likely]]
    return g_real_io.writev(file, from, count);
  return kTimedIo<&hot::RealIo::writev>(file, from, count);
}

PPROFAGENT_INTERPOSE ssize_t pwrite(int file, const void* from, size_t size, off_t offset) {
  if (!hot::WatchingIo()) [[likely]]
    return g_real_io.pwrite(file, from, size, offset);
  return kTimedIo<&hot::RealIo::pwrite>(file, from, size, offset);
}

PPROFAGENT_INTERPOSE ssize_t pwrite64(int file, const void* from, size_t size, off64_t offset) {
  if (!hot::WatchingIo()) [[likely]]
    return g_real_io.pwrite64(file, from, size, offset);
  return kTimedIo<&hot::RealIo::pwrite64>(file, from, size, offset);
}

PPROFAGENT_INTERPOSE int fsync(int file) {
  if (!hot::WatchingIo()) [[likely]]
    return g_real_io.fsync(file);
  return kTimedIo<&hot::RealIo::fsync>(file);
}

PPROFAGENT_INTERPOSE int fdatasync(int file) {
  if (!hot::WatchingIo()) [[likely]]
    return g_real_io.fdatasync(file);
  return kTimedIo<&hot::RealIo::fdatasync>(file);
}

}  // namespace pprofagent::preload
