// SPDX-License-Identifier: Apache-2.0
#include "agent/service/http/response_bytes.h"

#include <charconv>
#include <utility>

#include "agent/service/http/line_request.h"

namespace pprofagent::service {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kLastChunk = "0\r\n\r\n";

std::string Hex(size_t value) {
  char digits[16];
  const auto result = std::to_chars(digits, digits + sizeof(digits), value, 16);
  return std::string(digits, result.ptr);
}

}  // namespace

ResponseBytes::ResponseBytes(Response response, const Request& request, bool keep_alive)
    : is_chunked_(response.source != nullptr && !request.is_http_1_0) {
  Framing framing = Framing::kLength;
  if (response.source != nullptr) {
    framing = is_chunked_ ? Framing::kChunked : Framing::kConnection;
  }
  head_ = Head(response, framing, keep_alive);
  if (request.method == "HEAD") return;
  body_ = std::move(response.body);
  source_ = std::move(response.source);
}

ResponseBytes ResponseBytes::Lines(const Response& response) {
  ResponseBytes bytes;
  bytes.body_ = SerializeLines(response);
  return bytes;
}

bool ResponseBytes::Next(std::string* piece) {
  for (std::string* part : {&head_, &body_}) {
    if (part->empty()) continue;
    *piece = std::exchange(*part, std::string());
    return true;
  }
  piece->clear();
  return source_ != nullptr && NextOfSource(piece);
}

bool ResponseBytes::NextOfSource(std::string* piece) {
  if (!source_->Next(piece)) {
    source_.reset();
    if (!is_chunked_) return false;
    *piece = kLastChunk;
    return true;
  }
  if (!is_chunked_) return true;
  piece->insert(0, Hex(piece->size()).append(kLineEnd));
  *piece += kLineEnd;
  return true;
}

}  // namespace pprofagent::service
