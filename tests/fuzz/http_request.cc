// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as what a client sends, whole and in pieces: both readings must
// come to the same requests, and what they ask for is answered. Of two faults,
// one too many header and a wrong character in it, pieces may show the first
// where the whole shows the second: both refuse, each with its own status.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "agent/service/endpoints/access.h"
#include "agent/service/endpoints/parameters.h"
#include "agent/service/http/request_parser.h"

using pprofagent::service::Request;
using pprofagent::service::RequestParser;

namespace {

// The requests in the bytes; whether the rest was refused.
struct Reading {
  std::vector<Request> requests;
  bool refused = false;
};

Reading Read(std::string_view bytes, size_t piece) {
  Reading reading;
  RequestParser parser;
  while (!bytes.empty()) {
    size_t used = 0;
    const auto progress = parser.Feed(bytes.substr(0, piece), &used);
    bytes.remove_prefix(used);
    if (progress == RequestParser::Progress::kRefuse) {
      if (parser.TakeRefusal().status < 400) abort();
      reading.refused = true;
      return reading;
    }
    if (progress == RequestParser::Progress::kDone) {
      reading.requests.push_back(parser.request());
      if (!parser.request().keep_alive) return reading;
      parser.Reset();
    }
  }
  return reading;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Reading whole = Read(bytes, bytes.size() + 1);
  const Reading pieces = Read(bytes, 3);
  if (whole.refused != pieces.refused || whole.requests.size() != pieces.requests.size()) abort();
  for (size_t i = 0; i < whole.requests.size(); ++i) {
    const Request& request = whole.requests[i];
    if (request.path != pieces.requests[i].path || request.body != pieces.requests[i].body) abort();
    const std::string seconds = pprofagent::service::QueryValue(request.query, "seconds");
    static_cast<void>(pprofagent::service::SecondsParameter(seconds));
    static_cast<void>(pprofagent::service::IntegerParameter(seconds));
    static_cast<void>(pprofagent::service::RefuseForeign(request, {false, "127.0.0.1"}));
  }
  return 0;
}
