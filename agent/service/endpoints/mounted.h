// SPDX-License-Identifier: Apache-2.0
//
// The endpoints behind the program's own server: a request that a thread of the
// program has read, below whatever prefix it serves them. Who may ask is the
// program's business; only the profiles are served, no control.
//
// The answer is made by the helper (control/jobs.h), like every client's, with the
// same limits of one CPU profile at a time. Only the waiting for a profile over an
// interval is the calling thread's: no other one, and not the helper, is held up.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "agent/service/http/handler.h"

namespace pprofagent::service {

struct MountedRequest {
  std::string_view method;
  // Where the endpoints are, such as "/admin/pprof".
  std::string_view prefix;
  // As the client sent it, with prefix and query.
  std::string_view target;
  std::string_view body;
};

// What the endpoints are asked, or the answer to what cannot be below the prefix.
struct MountedTarget {
  Request request = {};
  std::optional<Response> refusal = {};
};
MountedTarget BelowPrefix(const MountedRequest& request);

class MountedCall {
 public:
  MountedCall() = default;
  ~MountedCall();
  MountedCall(const MountedCall&) = delete;
  MountedCall& operator=(const MountedCall&) = delete;

  // Each returns false if there is no memory, or no helper; then the call is over.
  bool Begin(const MountedRequest& request);
  // Waits for a tenth of a second at most. True: the answer is due.
  bool WaitABit() const;
  bool Finish();
  // Instead of Finish: nobody wants it any more.
  void Abandon();

  Response& response() { return answer_.response; }

 private:
  Answer answer_;
};

}  // namespace pprofagent::service
