// SPDX-License-Identifier: Apache-2.0
//
// The real functions: the next definitions after ours, in the order in which
// the loader searches, so that an allocator the program brings along
// (libjemalloc.so, libtcmalloc.so) is used and not glibc's.
//
// Allocation calls arrive before any constructor of ours has run (the loader,
// other libraries' constructors), so resolution happens at the first call,
// whichever it is: every pointer of the table starts at a bootstrap function
// that resolves all of them and then forwards. dlsym may itself allocate; what
// is asked for meanwhile comes from a small pool (bootstrap_pool.h). Memory of
// __libc_malloc never enters the picture: handing it to another allocator's
// free would corrupt the program.
#pragma once

#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <threads.h>

#include <cstddef>

namespace pprofagent::hot {

struct RealAllocation {
  void* (*malloc)(size_t);
  void* (*calloc)(size_t, size_t);
  void* (*realloc)(void*, size_t);
  void* (*reallocarray)(void*, size_t, size_t);
  void (*free)(void*);
  void* (*memalign)(size_t, size_t);
  void* (*aligned_alloc)(size_t, size_t);
  int (*posix_memalign)(void**, size_t, size_t);
  void* (*valloc)(size_t);
  void* (*pvalloc)(size_t);
  // C23; fall back to free where libc has none.
  void (*free_sized)(void*, size_t);
  void (*free_aligned_sized)(void*, size_t, size_t);
  size_t (*malloc_usable_size)(void*);
};

// The functions that are not needed before main: resolved together with the
// others, never null afterwards.
struct RealOther {
  int (*pthread_create)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
  int (*sigaction)(int, const struct sigaction*, struct sigaction*);
  sighandler_t (*signal)(int, sighandler_t);
  sighandler_t (*sysv_signal)(int, sighandler_t);
  sighandler_t (*sigset)(int, sighandler_t);
  int (*sigignore)(int);
  int (*siginterrupt)(int, int);
  void (*exit_now)(int);  // _exit
  void (*exit_c99)(int);  // _Exit
  void (*quick_exit)(int);
  void (*abort)();
  // Variadic in name only.
  int (*prctl)(int, unsigned long, unsigned long, unsigned long, unsigned long);
  long (*syscall)(long, long, long, long, long, long, long);
  int (*thrd_create)(thrd_t*, thrd_start_t, void*);
  int (*unshare)(int);
  int (*setns)(int, int);
  int (*malloc_trim)(size_t);
  int (*execve)(const char*, char* const*, char* const*);
  int (*execvpe)(const char*, char* const*, char* const*);
  int (*fexecve)(int, char* const*, char* const*);
  int (*posix_spawn)(pid_t*, const char*, const posix_spawn_file_actions_t*,
                     const posix_spawnattr_t*, char* const*, char* const*);
  int (*posix_spawnp)(pid_t*, const char*, const posix_spawn_file_actions_t*,
                      const posix_spawnattr_t*, char* const*, char* const*);
  pid_t (*fork)();
};

// Hidden: the fast paths jump through the table without a look at the GOT.
extern constinit RealAllocation g_real __attribute__((visibility("hidden")));
extern constinit RealOther g_real_other __attribute__((visibility("hidden")));

// Fills both tables. The first caller does it; one that arrives meanwhile, or
// from inside, returns at once. Not async-signal-safe.
void ResolveRealFunctions();

// True for memory that was handed out while resolving; it must not reach a
// real function.
bool IsBootstrapMemory(const void* memory);
size_t BootstrapSize(const void* memory);

}  // namespace pprofagent::hot
