// SPDX-License-Identifier: Apache-2.0
//
// A request that has been read and an answer to be sent, as values.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/service/sink/byte_source.h"

namespace pprofagent::service {

struct Request {
  std::string method;
  std::string path;  // decoded
  std::string query;
  std::optional<std::string> host;
  std::optional<std::string> origin;
  std::string body;
  bool is_http_1_0 = false;
  bool keep_alive = false;
};

// %41 and, in a query, + decoded. What is no valid escape stays as it is.
std::string UrlDecode(std::string_view text, bool plus_is_space);

// The first value of a parameter, decoded; empty if there is none, as for Go's
// FormValue, whose rules the endpoints follow.
std::string QueryValue(std::string_view query, std::string_view name);

struct Response {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  // Further ones, without Content-Length, Content-Type, Date, Connection.
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
  // Where a long body comes from, instead.
  std::unique_ptr<ByteSource> source = {};
};

// An error as Go's profile endpoints answer it; the analyzer prints the body of
// those only.
Response ProfileError(int status, std::string_view text);

// How the client knows where the body ends.
enum class Framing { kLength, kChunked, kConnection };

// What goes before the body.
std::string Head(const Response& response, Framing framing, bool keep_alive);

}  // namespace pprofagent::service
