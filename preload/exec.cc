// SPDX-License-Identifier: Apache-2.0
//
// Executing other programs: the option FOLLOW says which of them get the agent
// as well. For those that do not, our entry of LD_PRELOAD is taken out of the
// environment that they are given; the program's own stays as it is, as does all
// that a child of vfork shares with its parent: the edited one is made on the
// stack, if it is short or in such a child, else in pages of its own. One of more
// than 64 KiB is passed on unedited, as is one that such a child has no stack for.
//
// The functions that search for the program or take a list of arguments come
// down to one that takes an environment, as in libc. What libc executes by itself
// (the shells of system and popen) does not come through here.
#include <fcntl.h>
#include <spawn.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>

#include "agent/agent.h"
#include "agent/hot/hooks.h"
#include "agent/hot/rt/preload_list.h"
#include "agent/hot/rt/raw_syscall.h"
#include "agent/hot/rt/real.h"
#include "agent/hot/rt/thread_state.h"
#include "preload/export.h"

extern "C" void* __libc_stack_end;

namespace pprofagent::preload {

namespace {

constexpr size_t kMostBytes = 64 << 10;
// Threads may have less than 20 KiB of stack.
constexpr size_t kMostOnStack = 4 << 10;

using Environment = char* const*;

// How much stack the environment of this program takes; 0: it gets the one given.
size_t BytesToEdit(const char* program, Environment environment) {
  if (Follows(program)) [[likely]]
    return 0;
  const size_t bytes = hot::EditedEnvironmentBytes(environment, AgentFileName());
  return bytes > kMostBytes ? 0 : bytes;
}

// Memory of alloca lives as long as this frame.
template <typename Execute>
[[gnu::noinline]] int WithoutAgentOnStack(size_t bytes, Environment environment, Execute execute) {
  void* memory = __builtin_alloca(bytes);
  return execute(hot::EditEnvironment(environment, AgentFileName(), memory));
}

// Whether the stack certainly has so much left. That of the main thread, which has no
// start routine, grows; but a child may be on another.
bool HasRoom(size_t bytes) {
  constexpr size_t kForTheCall = 8 << 10;
  const hot::ThreadRecord* record = hot::t_state.record;
  if (record == nullptr) return false;
  const auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  if (record->stack_high == 0) {
    constexpr size_t kGrown = 1 << 20;
    return record->start_routine == 0 &&
           reinterpret_cast<uintptr_t>(__libc_stack_end) - here < kGrown;
  }
  const bool is_inside = here >= record->stack_low && here < record->stack_high;
  return is_inside && here - record->stack_low >= bytes + kForTheCall;
}

// Calls `execute` with the environment for the program.
template <typename Execute>
int WithoutAgent(size_t bytes, Environment environment, Execute execute) {
  if (bytes <= kMostOnStack) return WithoutAgentOnStack(bytes, environment, execute);
  if (!hot::IsThisProcess()) {
    return HasRoom(bytes) ? WithoutAgentOnStack(bytes, environment, execute) : execute(environment);
  }
  const long pages = hot::RawSyscall(SYS_mmap, nullptr, bytes, PROT_READ | PROT_WRITE,
                                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (hot::IsSyscallError(pages)) return execute(environment);
  auto* memory = reinterpret_cast<void*>(pages);
  const int result = execute(hot::EditEnvironment(environment, AgentFileName(), memory));
  hot::RawSyscall(SYS_munmap, memory, bytes);
  return result;
}

int Execute(const char* path, char* const* arguments, Environment environment) {
  const size_t bytes = BytesToEdit(path, environment);
  if (bytes == 0) return hot::g_real_other.execve(path, arguments, environment);
  return WithoutAgent(bytes, environment, [=](Environment edited) {
    return hot::g_real_other.execve(path, arguments, edited);
  });
}

int Search(const char* file, char* const* arguments, Environment environment) {
  const size_t bytes = BytesToEdit(file, environment);
  if (bytes == 0) return hot::g_real_other.execvpe(file, arguments, environment);
  return WithoutAgent(bytes, environment, [=](Environment edited) {
    return hot::g_real_other.execvpe(file, arguments, edited);
  });
}

// The arguments of a call, up to the null pointer behind which `list` then is. Memory
// of alloca lives as long as this frame.
template <typename Execute>
[[gnu::noinline]] int WithArguments(const char* first, va_list* list, Execute execute) {
  size_t count = 0;
  if (first != nullptr) {
    va_list ahead;
    va_copy(ahead, *list);
    for (count = 1; va_arg(ahead, char*) != nullptr;) ++count;
    va_end(ahead);
  }
  auto** arguments = static_cast<char**>(__builtin_alloca((count + 1) * sizeof(char*)));
  arguments[0] = const_cast<char*>(first);
  for (size_t i = 1; i <= count; ++i) arguments[i] = va_arg(*list, char*);
  return execute(arguments);
}

// What a descriptor is open on; empty if that cannot be told.
void NameOfDescriptor(int descriptor, char* name, size_t size) {
  constexpr char kPrefix[] = "/proc/self/fd/";
  char path[sizeof(kPrefix) + 12] = {};
  char* end = path;
  for (const char* at = kPrefix; *at != '\0';) *end++ = *at++;
  char digits[12];
  int count = 0;
  for (int rest = descriptor; rest > 0 || count == 0; rest /= 10) {
    digits[count++] = static_cast<char>('0' + rest % 10);
  }
  while (count > 0) *end++ = digits[--count];
  const long length = hot::RawSyscall(SYS_readlinkat, AT_FDCWD, path, name, size - 1);
  name[length > 0 ? length : 0] = '\0';
}

}  // namespace

PPROFAGENT_INTERPOSE int execve(const char* path, char* const* arguments,
                                char* const* environment) {
  return Execute(path, arguments, environment);
}

PPROFAGENT_INTERPOSE int execv(const char* path, char* const* arguments) {
  return Execute(path, arguments, __environ);
}

PPROFAGENT_INTERPOSE int execvpe(const char* file, char* const* arguments,
                                 char* const* environment) {
  return Search(file, arguments, environment);
}

PPROFAGENT_INTERPOSE int execvp(const char* file, char* const* arguments) {
  return Search(file, arguments, __environ);
}

PPROFAGENT_INTERPOSE int execl(const char* path, const char* first, ...) {
  va_list list;
  va_start(list, first);
  const int result = WithArguments(
      first, &list, [&](char** arguments) { return Execute(path, arguments, __environ); });
  va_end(list);
  return result;
}

PPROFAGENT_INTERPOSE int execlp(const char* file, const char* first, ...) {
  va_list list;
  va_start(list, first);
  const int result = WithArguments(
      first, &list, [&](char** arguments) { return Search(file, arguments, __environ); });
  va_end(list);
  return result;
}

// The environment comes behind the null pointer.
PPROFAGENT_INTERPOSE int execle(const char* path, const char* first, ...) {
  va_list list;
  va_start(list, first);
  const int result = WithArguments(first, &list, [&](char** arguments) {
    return Execute(path, arguments, va_arg(list, char* const*));
  });
  va_end(list);
  return result;
}

PPROFAGENT_INTERPOSE int fexecve(int descriptor, char* const* arguments, char* const* environment) {
  if (FollowsAll()) [[likely]]
    return hot::g_real_other.fexecve(descriptor, arguments, environment);
  char name[512];
  NameOfDescriptor(descriptor, name, sizeof(name));
  const size_t bytes = BytesToEdit(name, environment);
  if (bytes == 0) return hot::g_real_other.fexecve(descriptor, arguments, environment);
  return WithoutAgent(bytes, environment, [=](Environment edited) {
    return hot::g_real_other.fexecve(descriptor, arguments, edited);
  });
}

PPROFAGENT_INTERPOSE int posix_spawn(pid_t* pid, const char* path,
                                     const posix_spawn_file_actions_t* actions,
                                     const posix_spawnattr_t* attributes, char* const* arguments,
                                     char* const* environment) {
  const size_t bytes = BytesToEdit(path, environment);
  const auto spawn = [=](Environment given) {
    return hot::g_real_other.posix_spawn(pid, path, actions, attributes, arguments, given);
  };
  return bytes == 0 ? spawn(environment) : WithoutAgent(bytes, environment, spawn);
}

PPROFAGENT_INTERPOSE int posix_spawnp(pid_t* pid, const char* file,
                                      const posix_spawn_file_actions_t* actions,
                                      const posix_spawnattr_t* attributes, char* const* arguments,
                                      char* const* environment) {
  const size_t bytes = BytesToEdit(file, environment);
  const auto spawn = [=](Environment given) {
    return hot::g_real_other.posix_spawnp(pid, file, actions, attributes, arguments, given);
  };
  return bytes == 0 ? spawn(environment) : WithoutAgent(bytes, environment, spawn);
}

}  // namespace pprofagent::preload
