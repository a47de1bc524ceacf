// SPDX-License-Identifier: Apache-2.0
//
// Lets a thread wait for requests and for sockets at the same time. Requests
// come through a futex, because a signal handler can wake one without any
// descriptor; poll(2) knows only descriptors. So a thread of its own sleeps on
// the one and writes to the other.
#pragma once

#include <pthread.h>

#include <atomic>

#include "agent/service/base/descriptor.h"
#include "agent/service/base/status.h"

namespace pprofagent::service {

class Waker {
 public:
  Waker() = default;
  // Ends the thread.
  ~Waker();
  Waker(const Waker&) = delete;
  Waker& operator=(const Waker&) = delete;

  // Called on the thread that will wait, whose descriptors the other shares.
  Status Start();
  // Readable when there was a request; -1 before Start.
  int descriptor() const { return event_.get(); }
  // Makes it unreadable again.
  void Clear();

 private:
  static void* Run(void* self);

  Descriptor event_;
  std::atomic<bool> must_end_{false};
  bool is_running_ = false;
  pthread_t thread_ = {};
};

}  // namespace pprofagent::service
