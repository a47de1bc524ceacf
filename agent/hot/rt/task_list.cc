// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/rt/task_list.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "agent/hot/rt/raw_syscall.h"

namespace pprofagent::hot {

namespace {

// linux/dirent.h, which libc does not export under this name.
struct DirectoryEntry {
  uint64_t inode;
  int64_t offset;
  uint16_t length;
  uint8_t type;
  char name[];
};

// The thread id, 0 for "." and "..".
int32_t ParseTid(const char* name) {
  int32_t tid = 0;
  for (; *name != '\0'; ++name) {
    if (*name < '0' || *name > '9') return 0;
    tid = tid * 10 + (*name - '0');
  }
  return tid;
}

bool VisitBlock(const char* block, long bytes, TaskVisitor visit, void* context) {
  for (long at = 0; at < bytes;) {
    const auto* entry = reinterpret_cast<const DirectoryEntry*>(block + at);
    const int32_t tid = ParseTid(entry->name);
    if (tid != 0 && !visit(tid, context)) return false;
    at += entry->length;
  }
  return true;
}

}  // namespace

bool ForEachTask(TaskVisitor visit, void* context) {
  const long fd =
      RawSyscall(SYS_openat, AT_FDCWD, "/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  if (IsSyscallError(fd)) return false;
  alignas(8) char block[2048];
  for (;;) {
    const long bytes = RawSyscall(SYS_getdents64, fd, block, sizeof(block));
    if (bytes <= 0 || !VisitBlock(block, bytes, visit, context)) break;
  }
  RawSyscall(SYS_close, fd);
  return true;
}

uint64_t CountTasks() {
  struct stat list {};
  if (IsSyscallError(RawSyscall(SYS_newfstatat, AT_FDCWD, "/proc/self/task", &list, 0))) return 0;
  // A directory has a link from its parent, one from itself, and one from each
  // directory in it.
  return list.st_nlink > 2 ? list.st_nlink - 2 : 0;
}

}  // namespace pprofagent::hot
