// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/rt/real.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

#include <atomic>

#include "agent/hot/rt/bootstrap_pool.h"
#include "agent/hot/rt/free_filter.h"
#include "agent/hot/rt/raw_syscall.h"
#include "agent/hot/rt/thread_state.h"

namespace pprofagent::hot {

namespace {

enum class Phase : uint8_t { kUnresolved, kResolving, kResolved };
constinit std::atomic<Phase> g_phase{Phase::kUnresolved};

bool Ready() {
  ResolveRealFunctions();
  return g_phase.load(std::memory_order_acquire) == Phase::kResolved;
}

void* FromPool(size_t bytes, size_t alignment) {
  void* block = BootstrapAllocate(bytes, alignment);
  if (block == nullptr) {
    errno = ENOMEM;
    return nullptr;
  }
  AddToFreeFilter(block);
  return block;
}

// The first call of any of these resolves and forwards; a call that comes from
// inside dlsym, or from another thread meanwhile, is served from the pool.

void* BootstrapMalloc(size_t size) { return Ready() ? g_real.malloc(size) : FromPool(size, 16); }

void* BootstrapCalloc(size_t count, size_t size) {
  if (Ready()) return g_real.calloc(count, size);
  size_t bytes = 0;
  if (__builtin_mul_overflow(count, size, &bytes)) {
    errno = ENOMEM;
    return nullptr;
  }
  return FromPool(bytes, 16);
}

void* BootstrapRealloc(void* block, size_t size) {
  if (Ready()) return g_real.realloc(block, size);
  void* fresh = FromPool(size, 16);
  if (fresh != nullptr && block != nullptr && BootstrapOwns(block)) {
    const size_t old_size = BootstrapBlockSize(block);
    memcpy(fresh, block, old_size < size ? old_size : size);
  }
  return fresh;
}

void* BootstrapReallocarray(void* block, size_t count, size_t size) {
  if (Ready()) return g_real.reallocarray(block, count, size);
  size_t bytes = 0;
  if (__builtin_mul_overflow(count, size, &bytes)) {
    errno = ENOMEM;
    return nullptr;
  }
  return BootstrapRealloc(block, bytes);
}

// A block freed while resolving cannot be the real allocator's business yet
// unless another thread got it there first; leaking it is the safe choice.
void BootstrapFree(void* block) {
  if (Ready()) g_real.free(block);
}

void* BootstrapMemalign(size_t alignment, size_t size) {
  return Ready() ? g_real.memalign(alignment, size) : FromPool(size, alignment);
}
void* BootstrapAlignedAlloc(size_t alignment, size_t size) {
  return Ready() ? g_real.aligned_alloc(alignment, size) : FromPool(size, alignment);
}
int BootstrapPosixMemalign(void** out, size_t alignment, size_t size) {
  if (Ready()) return g_real.posix_memalign(out, alignment, size);
  void* block = BootstrapAllocate(size, alignment);
  if (block == nullptr) return ENOMEM;
  AddToFreeFilter(block);
  *out = block;
  return 0;
}
void* BootstrapValloc(size_t size) { return Ready() ? g_real.valloc(size) : FromPool(size, 4096); }
void* BootstrapPvalloc(size_t size) {
  return Ready() ? g_real.pvalloc(size) : FromPool((size + 4095) & ~size_t{4095}, 4096);
}
size_t BootstrapUsableSize(void* block) { return Ready() ? g_real.malloc_usable_size(block) : 0; }

int LatePthreadCreate(pthread_t* thread, const pthread_attr_t* attributes, void* (*start)(void*),
                      void* argument) {
  return Ready() ? g_real_other.pthread_create(thread, attributes, start, argument) : EAGAIN;
}
int LateSigaction(int signal, const struct sigaction* action, struct sigaction* old) {
  if (Ready()) return g_real_other.sigaction(signal, action, old);
  errno = EINVAL;
  return -1;
}

// Until they are resolved: the same calls without libc.
long WithErrno(long result) {
  if (!IsSyscallError(result)) return result;
  errno = static_cast<int>(-result);
  return -1;
}
int LatePrctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d) {
  return static_cast<int>(WithErrno(RawSyscall(SYS_prctl, option, a, b, c, d)));
}
long LateSyscall(long number, long a, long b, long c, long d, long e, long f) {
  return WithErrno(RawSyscall(number, a, b, c, d, e, f));
}

int LateThrdCreate(thrd_t* thread, thrd_start_t routine, void* argument) {
  return Ready() ? g_real_other.thrd_create(thread, routine, argument) : thrd_error;
}
int LateUnshare(int flags) { return static_cast<int>(WithErrno(RawSyscall(SYS_unshare, flags))); }
int LateSetns(int descriptor, int kind) {
  return static_cast<int>(WithErrno(RawSyscall(SYS_setns, descriptor, kind)));
}

int LateMallocTrim(size_t keep) { return Ready() ? g_real_other.malloc_trim(keep) : 0; }

int LateExecve(const char* path, char* const* arguments, char* const* environment) {
  return static_cast<int>(WithErrno(RawSyscall(SYS_execve, path, arguments, environment)));
}
int LateExecvpe(const char* file, char* const* arguments, char* const* environment) {
  if (Ready()) return g_real_other.execvpe(file, arguments, environment);
  return LateExecve(file, arguments, environment);
}
int LateFexecve(int descriptor, char* const* arguments, char* const* environment) {
  constexpr int kEmptyPath = 0x1000;
  return static_cast<int>(
      WithErrno(RawSyscall(SYS_execveat, descriptor, "", arguments, environment, kEmptyPath)));
}
int LatePosixSpawn(pid_t* pid, const char* path, const posix_spawn_file_actions_t* actions,
                   const posix_spawnattr_t* attributes, char* const* arguments,
                   char* const* environment) {
  if (!Ready()) return EAGAIN;
  return g_real_other.posix_spawn(pid, path, actions, attributes, arguments, environment);
}
int LatePosixSpawnp(pid_t* pid, const char* file, const posix_spawn_file_actions_t* actions,
                    const posix_spawnattr_t* attributes, char* const* arguments,
                    char* const* environment) {
  if (!Ready()) return EAGAIN;
  return g_real_other.posix_spawnp(pid, file, actions, attributes, arguments, environment);
}

template <typename Function>
void Lookup(const char* name, Function* out) {
  if (void* found = dlsym(RTLD_NEXT, name)) *out = reinterpret_cast<Function>(found);
}

// C23's additions, which glibc 2.36 lacks. Looked up at the program's first call
// and not with the others: a look-up that fails allocates its message, and the
// others may be wanted while an allocator holds its locks.

void FreeSizedByFree(void* block, size_t) { g_real.free(block); }
void FreeAlignedSizedByFree(void* block, size_t, size_t) { g_real.free(block); }

void FirstFreeSized(void* block, size_t size) {
  const Guard guard;
  auto* real = &FreeSizedByFree;
  Lookup("free_sized", &real);
  g_real.free_sized = real;
  real(block, size);
}
void FirstFreeAlignedSized(void* block, size_t alignment, size_t size) {
  const Guard guard;
  auto* real = &FreeAlignedSizedByFree;
  Lookup("free_aligned_sized", &real);
  g_real.free_aligned_sized = real;
  real(block, alignment, size);
}

void LookupAllocation(RealAllocation* real) {
  Lookup("malloc", &real->malloc);
  Lookup("calloc", &real->calloc);
  Lookup("realloc", &real->realloc);
  Lookup("reallocarray", &real->reallocarray);
  Lookup("free", &real->free);
  Lookup("memalign", &real->memalign);
  Lookup("aligned_alloc", &real->aligned_alloc);
  Lookup("posix_memalign", &real->posix_memalign);
  Lookup("valloc", &real->valloc);
  Lookup("pvalloc", &real->pvalloc);
  Lookup("malloc_usable_size", &real->malloc_usable_size);
}

void LookupOther(RealOther* real) {
  Lookup("pthread_create", &real->pthread_create);
  Lookup("sigaction", &real->sigaction);
  Lookup("signal", &real->signal);
  Lookup("sysv_signal", &real->sysv_signal);
  Lookup("sigset", &real->sigset);
  Lookup("sigignore", &real->sigignore);
  Lookup("siginterrupt", &real->siginterrupt);
  Lookup("_exit", &real->exit_now);
  Lookup("_Exit", &real->exit_c99);
  Lookup("quick_exit", &real->quick_exit);
  Lookup("abort", &real->abort);
  Lookup("prctl", &real->prctl);
  Lookup("syscall", &real->syscall);
  Lookup("thrd_create", &real->thrd_create);
  Lookup("unshare", &real->unshare);
  Lookup("setns", &real->setns);
  Lookup("malloc_trim", &real->malloc_trim);
  Lookup("execve", &real->execve);
  Lookup("execvpe", &real->execvpe);
  Lookup("fexecve", &real->fexecve);
  Lookup("posix_spawn", &real->posix_spawn);
  Lookup("posix_spawnp", &real->posix_spawnp);
  Lookup("fork", &real->fork);
}

}  // namespace

constinit RealAllocation g_real = {
    BootstrapMalloc,     BootstrapCalloc,   BootstrapRealloc,      BootstrapReallocarray,
    BootstrapFree,       BootstrapMemalign, BootstrapAlignedAlloc, BootstrapPosixMemalign,
    BootstrapValloc,     BootstrapPvalloc,  FirstFreeSized,        FirstFreeAlignedSized,
    BootstrapUsableSize,
};
constinit RealOther g_real_other = {
    LatePthreadCreate, LateSigaction,  nullptr,        nullptr,         nullptr,        nullptr,
    nullptr,           nullptr,        nullptr,        nullptr,         nullptr,        LatePrctl,
    LateSyscall,       LateThrdCreate, LateUnshare,    LateSetns,       LateMallocTrim, LateExecve,
    LateExecvpe,       LateFexecve,    LatePosixSpawn, LatePosixSpawnp, nullptr,
};

void ResolveRealFunctions() {
  Phase expected = Phase::kUnresolved;
  if (!g_phase.compare_exchange_strong(expected, Phase::kResolving)) return;
  const Guard guard;
  RealAllocation allocation = g_real;
  RealOther other = g_real_other;
  LookupAllocation(&allocation);
  LookupOther(&other);
  g_real = allocation;
  g_real_other = other;
  g_phase.store(Phase::kResolved, std::memory_order_release);
}

bool IsBootstrapMemory(const void* memory) { return BootstrapOwns(memory); }
size_t BootstrapSize(const void* memory) { return BootstrapBlockSize(memory); }

}  // namespace pprofagent::hot
