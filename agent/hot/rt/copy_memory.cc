// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/rt/copy_memory.h"

#include <sys/uio.h>

#include "agent/hot/rt/raw_syscall.h"

namespace pprofagent::hot {

namespace {

constexpr uintptr_t kPage = 4096;
constexpr unsigned long kPieces = 64;

// The kernel copies whole pieces or stops before them: a piece per page, so that
// what lies before an unreadable page is had.
unsigned long PiecesOf(uintptr_t address, size_t bytes, iovec* pieces) {
  unsigned long count = 0;
  while (bytes != 0 && count < kPieces) {
    const size_t to_page_end = kPage - (address & (kPage - 1));
    const size_t length = bytes < to_page_end ? bytes : to_page_end;
    pieces[count++] = {reinterpret_cast<void*>(address), length};
    address += length;
    bytes -= length;
  }
  return count;
}

}  // namespace

size_t CopyMemory(uintptr_t address, void* out, size_t bytes) {
  const long process = RawSyscall(SYS_getpid);
  size_t copied = 0;
  iovec pieces[kPieces];
  while (copied < bytes) {
    const unsigned long count = PiecesOf(address + copied, bytes - copied, pieces);
    const iovec local = {static_cast<char*>(out) + copied, bytes - copied};
    const long result = RawSyscall(SYS_process_vm_readv, process, &local, 1, pieces, count, 0);
    if (result <= 0) break;
    copied += static_cast<size_t>(result);
    // A short copy ends where memory does.
    size_t asked = 0;
    for (unsigned long i = 0; i < count; ++i) asked += pieces[i].iov_len;
    if (static_cast<size_t>(result) < asked) break;
  }
  return copied;
}

}  // namespace pprofagent::hot
