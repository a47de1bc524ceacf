// SPDX-License-Identifier: Apache-2.0
//
// Opening the directory that files are put into, and listing it. A directory below /tmp has a
// name anybody can guess; so it must be a real directory, our own, and writable
// for nobody else, or somebody could have our files written where they please.
// All further work is relative to the descriptor that was checked.
#pragma once

#include <linux/types.h>

#include <string>
#include <vector>

#include "agent/hot/rt/raw_syscall.h"
#include "agent/service/base/descriptor.h"
#include "agent/service/base/status.h"

namespace pprofagent::service {

// Opens (O_PATH) the dump directory, made with mode 0700 if its parent has no
// such entry.
Status OpenPrivateDirectory(const std::string& path, Descriptor* directory);

// Opens (O_PATH) a directory the user named for one file, as given: links are
// followed, owner and mode are the user's affair. Made with mode 0700 if it is
// missing and `create`.
Status OpenNamedDirectory(const std::string& path, bool create, Descriptor* directory);

// The names in a directory, "." and ".." among them; `directory` may be O_PATH. As
// many as can be read.
std::vector<std::string> ListDirectory(int directory);

// linux/dirent.h, which libc does not export under this name.
struct DirectoryEntry {
  __u64 inode;
  __s64 offset;
  unsigned short length;
  unsigned char type;
  char name[];
};

// Calls visit(name) for each name in a directory that is open for reading. By the
// bare system call: libc's opendir takes its buffer from the program's malloc,
// which in a program with one of its own may know of one thread only.
template <typename Visit>
void ForEachEntry(int readable, const Visit& visit) {
  alignas(DirectoryEntry) char block[4096];
  for (;;) {
    const long bytes = hot::RawSyscall(SYS_getdents64, readable, block, sizeof(block));
    if (bytes <= 0) return;
    for (long at = 0; at < bytes;) {
      const auto* entry = reinterpret_cast<const DirectoryEntry*>(block + at);
      visit(entry->name);
      at += entry->length;
    }
  }
}

}  // namespace pprofagent::service
