// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/engine/thread_pointer.h"

#include <sys/auxv.h>

#include <atomic>
#include <cstdint>

#include "agent/hot/rt/raw_syscall.h"
#include "agent/hot/rt/sandbox.h"
#include "agent/hot/unwind/checked_read.h"

namespace pprofagent::hot {

#if defined(__x86_64__)

namespace {

// AT_HWCAP2: the instruction is there and the kernel allows it (5.9).
constexpr unsigned long kHasRdfsbase = 2;
constexpr int kArchGetFs = 0x1003;
constexpr uintptr_t kSelf = 2 * sizeof(uintptr_t);

constinit std::atomic<bool> g_has_instruction{false};

bool ReadThreadPointer(uintptr_t* base) {
  if (g_has_instruction.load(std::memory_order_relaxed)) {
    asm volatile("rdfsbase %0" : "=r"(*base));
    return true;
  }
  return !IsSandboxed() && !IsSyscallError(RawSyscall(SYS_arch_prctl, kArchGetFs, base));
}

// In a sandbox no page may be probed, and what the thread goes by is there.
PPROFAGENT_READS_ANYTHING bool ReadSelf(uintptr_t base, uintptr_t* self) {
  if (!IsSandboxed()) return StackReader(StackBounds{0, 0}).ReadWord(base + kSelf, self);
  *self = *reinterpret_cast<const uintptr_t*>(base + kSelf);
  return true;
}

}  // namespace

void InitializeThreadPointer() {
  g_has_instruction.store((getauxval(AT_HWCAP2) & kHasRdfsbase) != 0, std::memory_order_relaxed);
}

bool HasThreadPointerOfLibc() {
  uintptr_t base = 0;
  // Not to be known: nearly all are.
  if (!ReadThreadPointer(&base)) return true;
  uintptr_t self = 0;
  return base != 0 && ReadSelf(base, &self) && self == base;
}

#else

void InitializeThreadPointer() {}
bool HasThreadPointerOfLibc() { return true; }

#endif

}  // namespace pprofagent::hot
