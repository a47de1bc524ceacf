// SPDX-License-Identifier: Apache-2.0
#include "agent/service/control/helper_thread.h"

#include <errno.h>
#include <sched.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <utility>

#include "agent/hot/controls.h"
#include "agent/hot/rt/raw_syscall.h"
#include "agent/service/base/descriptor.h"
#include "agent/service/base/real_time.h"
#include "agent/service/base/signal_block.h"
#include "agent/service/log/log.h"

namespace pprofagent::service {
namespace {

// Deepest use measured: 14 KiB. Small, because it is the program's
// address space; more than enough, because nobody could debug an overflow.
constexpr size_t kStackBytes = size_t{256} * 1024;

enum HelperState : int { kNone, kStarting, kRunning, kKicked };

constinit std::atomic<int> helper_state{kNone};
constinit PthreadCreate create_thread = nullptr;
constinit HelperWork helper_work = {};

// True if the thread may end. On false somebody wants it to go on.
bool MayEnd() {
  hot::SetHelperRunning(false);
  int expected = kRunning;
  if (!helper_work.serve_pending() &&
      helper_state.compare_exchange_strong(expected, kNone, std::memory_order_acq_rel)) {
    return true;
  }
  helper_state.store(kRunning, std::memory_order_release);
  hot::SetHelperRunning(true);
  return false;
}

// An empty table but for standard error, if that is kept. Kernels before 5.9, and
// filters of system calls that are older, do not know close_range.
bool TakeDescriptorTable() {
  constexpr unsigned kUnshare = 1u << 1;
  const int first = helper_work.keeps_stderr ? STDERR_FILENO + 1 : 0;
  if (hot::IsSyscallError(hot::RawSyscall(SYS_close_range, first, ~0u, kUnshare))) {
    if (hot::IsSyscallError(hot::RawSyscall(SYS_unshare, CLONE_FILES))) return false;
    CloseDescriptorsFrom(first);
  }
  if (first == 0) return true;
  hot::RawSyscall(SYS_close, STDIN_FILENO);
  hot::RawSyscall(SYS_close, STDOUT_FILENO);
  return true;
}

void LeaveDescriptorTable() {
  static constinit bool is_told = false;
  const bool own = TakeDescriptorTable();
  hot::SetHelperDescriptors(own);
  if (own) return;
  ForbidDescriptors();
  if (std::exchange(is_told, true)) return;
  Log(LogLevel::kWarn, std::string(kNoDescriptors) + ": no dumps, no clients");
}

void* HelperMain(void*) {
  hot::ExcludeThisThread();
  LeaveRealTime();
  LeaveDescriptorTable();
  prctl(PR_SET_NAME, "pprofagent");
  hot::SetHelperRunning(true);
  helper_state.store(kRunning, std::memory_order_release);
  do {
    helper_work.serve_until_idle();
  } while (!MayEnd());
  return nullptr;
}

struct ThreadWork {
  void* (*main)(void*);
  void* argument;
  int detach_state;
};

// The signal mask is inherited: with the program's signals blocked meanwhile,
// the thread never takes one of them. 0 or an errno.
int CreateThread(const ThreadWork& work, bool with_own_stack_size, pthread_t* thread) {
  pthread_attr_t attributes;
  if (const int error = pthread_attr_init(&attributes); error != 0) return error;
  pthread_attr_setdetachstate(&attributes, work.detach_state);
  if (with_own_stack_size) pthread_attr_setstacksize(&attributes, kStackBytes);
  int result;
  {
    const BlockSignals block(kProgramSignals);
    result = create_thread(thread, &attributes, work.main, work.argument);
  }
  pthread_attr_destroy(&attributes);
  // EINVAL: static thread-local storage, which lives on the stack, is larger.
  if (result == EINVAL && with_own_stack_size) return CreateThread(work, false, thread);
  return result;
}

// An existing helper goes on instead of ending; false if there is none.
bool KickHelper(int* state) {
  while (*state != kNone) {
    if (*state != kRunning) return true;
    if (helper_state.compare_exchange_weak(*state, kKicked, std::memory_order_acq_rel)) return true;
  }
  return false;
}

}  // namespace

void ConfigureHelper(PthreadCreate pthread_create, const HelperWork& work) {
  create_thread = pthread_create;
  helper_work = work;
  hot::SetHelperStarter(&StartHelperThread);
}

bool StartHelperThread() {
  const int saved = errno;
  int state = helper_state.load(std::memory_order_acquire);
  for (;;) {
    if (KickHelper(&state)) return true;
    if (helper_state.compare_exchange_weak(state, kStarting, std::memory_order_acq_rel)) break;
  }
  const hot::Unrecorded unrecorded;
  pthread_t thread;
  hot::SetHelperLaunching(true);
  const bool created =
      CreateThread({HelperMain, nullptr, PTHREAD_CREATE_DETACHED}, true, &thread) == 0;
  if (!created) hot::SetHelperLaunching(false);
  if (!created) helper_state.store(kNone, std::memory_order_release);
  errno = saved;
  return created;
}

int StartAgentThread(void* (*main)(void*), void* argument, pthread_t* thread) {
  return CreateThread({main, argument, PTHREAD_CREATE_JOINABLE}, true, thread);
}

void ForgetHelper() {
  helper_state.store(kNone, std::memory_order_release);
  hot::SetHelperRunning(false);
}

}  // namespace pprofagent::service
