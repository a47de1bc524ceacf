// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/unwind/checked_read.h"

#include <errno.h>
#include <string.h>

#include "agent/hot/rt/copy_memory.h"
#include "agent/hot/rt/raw_syscall.h"

namespace pprofagent::hot {

bool StackReader::IsReadable(uintptr_t address) {
  const uintptr_t page = address & ~(kPage - 1);
  if (page == 0) return false;
  if (page == readable_page_) return true;
  constexpr int kNoSuchOperation = 0x7fffffff;
  constexpr long kMaskBytes = 8;
  if (RawSyscall(SYS_rt_sigprocmask, kNoSuchOperation, address & ~uintptr_t{7}, nullptr,
                 kMaskBytes) != -EINVAL) {
    return false;
  }
  readable_page_ = page;
  return true;
}

bool StackReader::ReadCopied(uintptr_t address, uintptr_t* word) const {
  if (address < bounds_.low || address >= bounds_.high || bounds_.high - address < sizeof(*word)) {
    return CopyObject(address, word);
  }
  memcpy(word, bounds_.copy + (address - bounds_.low), sizeof(*word));
  return true;
}

}  // namespace pprofagent::hot
