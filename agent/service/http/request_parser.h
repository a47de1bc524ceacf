// SPDX-License-Identifier: Apache-2.0
//
// Bytes of a client to requests, with limits: whoever sends more than these
// gets the error, and costs no more memory than they allow. request_parser.cc
// is the only file that sees the parsing library.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "agent/service/http/message.h"

namespace pprofagent::service {

inline constexpr size_t kMaxHeadBytes = size_t{8} * 1024;
inline constexpr size_t kMaxHeaders = 64;
inline constexpr size_t kMaxBodyBytes = size_t{64} * 1024;

class RequestParser {
 public:
  RequestParser();
  ~RequestParser();

  enum class Progress {
    kMore,    // all bytes were used, the request is not complete
    kDone,    // request() is complete; bytes after it were not used
    kRefuse,  // TakeRefusal() says why; nothing more can be read from this client
  };
  Progress Feed(std::string_view bytes, size_t* used);

  // After kDone: ready for the client's next request.
  void Reset();

  const Request& request() const;
  // Once.
  Response TakeRefusal();
  // Whether a part of a request has come.
  bool has_begun() const;
  // The client waits for "100 Continue" before it sends the body; true once.
  bool TakeExpectsContinue();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace pprofagent::service
