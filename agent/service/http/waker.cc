// SPDX-License-Identifier: Apache-2.0
#include "agent/service/http/waker.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "agent/hot/controls.h"
#include "agent/hot/rt/raw_syscall.h"
#include "agent/service/base/real_time.h"
#include "agent/service/control/helper_thread.h"

namespace pprofagent::service {

Status Waker::Start() {
  event_ = AwayFromStandard(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event_.valid()) return Status::FromErrno("wait for clients (eventfd)", errno);
  const int error = StartAgentThread(Run, this, &thread_);
  if (error != 0) return Status::FromErrno("start a thread that waits for clients", error);
  is_running_ = true;
  // From here on a dump of all threads knows it for ours.
  pollfd started = {event_.get(), POLLIN, 0};
  while (poll(&started, 1, -1) < 0 && errno == EINTR) {
  }
  return Status();
}

Waker::~Waker() {
  if (!is_running_) return;
  must_end_.store(true);
  hot::WakeHelper();
  pthread_join(thread_, nullptr);
  hot::SetHelperCompanion(0);
}

void Waker::Clear() {
  uint64_t count = 0;
  static_cast<void>(!read(event_.get(), &count, sizeof(count)));
}

void* Waker::Run(void* self) {
  hot::ExcludeThisThread();
  LeaveRealTime();
  hot::SetHelperCompanion(static_cast<int32_t>(hot::RawSyscall(SYS_gettid)));
  prctl(PR_SET_NAME, "pprofagent");
  auto& waker = *static_cast<Waker*>(self);
  uint32_t seen = hot::WakeCount();
  // A request made before that was counted.
  for (;;) {
    const uint64_t one = 1;
    static_cast<void>(!write(waker.event_.get(), &one, sizeof(one)));
    if (waker.must_end_.load()) return nullptr;
    hot::WaitForWake(seen);
    seen = hot::WakeCount();
  }
}

}  // namespace pprofagent::service
