// SPDX-License-Identifier: Apache-2.0
//
// A response as the bytes to send, in pieces: what is made while it is sent goes
// out in chunks, as net/http sends it, or, to a client of HTTP/1.0, up to the end of
// the connection.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "agent/service/http/message.h"
#include "agent/service/sink/byte_source.h"

namespace pprofagent::service {

class ResponseBytes {
 public:
  // None.
  ResponseBytes() = default;
  // By HTTP. A HEAD request gets all but the body.
  ResponseBytes(Response response, const Request& request, bool keep_alive);
  // By the line protocol.
  static ResponseBytes Lines(const Response& response);

  // Whether the end of the body is the end of the connection.
  static bool EndsWithConnection(const Response& response, const Request& request) {
    return response.source != nullptr && request.is_http_1_0;
  }

  // Those of them that are in memory, and what the others are made of.
  size_t held_bytes() const {
    return head_.size() + body_.size() + (source_ != nullptr ? source_->held_bytes() : 0);
  }

  // Puts the next piece in the place of what `piece` holds; false if there is none.
  bool Next(std::string* piece);

 private:
  bool NextOfSource(std::string* piece);

  std::string head_;
  std::string body_;
  std::unique_ptr<ByteSource> source_;
  bool is_chunked_ = false;
};

}  // namespace pprofagent::service
