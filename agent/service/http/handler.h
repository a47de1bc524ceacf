// SPDX-License-Identifier: Apache-2.0
//
// What a server asks of the application behind it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "agent/service/http/message.h"

namespace pprofagent::service {

// A response that takes its time, such as a profile over an interval. Destroyed
// without Finish when the client leaves: what it holds is then free again.
class Wait {
 public:
  explicit Wait(int64_t due_ns) : due_ns_(due_ns) {}
  virtual ~Wait() = default;
  Wait(const Wait&) = delete;
  Wait& operator=(const Wait&) = delete;

  // Called once, at or after due_ns.
  virtual Response Finish() = 0;
  int64_t due_ns() const { return due_ns_; }

 private:
  int64_t due_ns_;
};

// A response, or the wait for it.
struct Answer {
  Response response = {};
  std::unique_ptr<Wait> wait = {};
};

struct Client {
  // Came through the file system, and is this user or root.
  bool is_local = false;
  // The address it reached us by, without the port; empty if local.
  std::string reached_host;
};

using Handler = std::function<Answer(const Request&, const Client&)>;

}  // namespace pprofagent::service
