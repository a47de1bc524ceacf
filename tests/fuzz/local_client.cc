// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as what a client of the Unix socket sends, whole and in pieces, by
// whichever protocol they are: both readings must get the same answers, and the
// connection must come to rest.
#include <poll.h>
#include <sys/socket.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "agent/service/http/connection.h"
#include "agent/service/http/line_request.h"

using pprofagent::service::Answer;
using pprofagent::service::Client;
using pprofagent::service::Connection;
using pprofagent::service::Descriptor;
using pprofagent::service::Handler;
using pprofagent::service::kLineMethod;
using pprofagent::service::Request;

namespace {

// What was asked for by lines.
std::string Ask(std::string_view bytes, size_t piece) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) != 0) abort();
  const Descriptor client(ends[1]);
  std::string asked;
  const Handler handler = [&asked](const Request& request, const Client&) -> Answer {
    if (request.method == kLineMethod) asked += request.path + ":" + request.body + "\n";
    return {{.body = "x\n"}};
  };
  Connection connection(Descriptor(ends[0]), Client{.is_local = true, .reached_host = {}}, handler,
                        0);
  bool is_over = false;
  // Each piece, and each answer, takes a turn or two.
  const size_t most_turns = 4 * bytes.size() + 100;
  for (size_t turn = 0; turn < most_turns && !connection.is_closed(); ++turn) {
    char heard[4096];
    while (recv(client.get(), heard, sizeof(heard), MSG_DONTWAIT) > 0) {
    }
    if (connection.is_reading() && connection.NextTime() == 0) {
      connection.OnTime(0);
    } else if ((connection.Events() & POLLOUT) != 0) {
      connection.OnReady(POLLOUT, 0);
    } else if (!bytes.empty()) {
      const std::string_view next = bytes.substr(0, piece);
      bytes.remove_prefix(next.size());
      if (send(client.get(), next.data(), next.size(), MSG_NOSIGNAL) < 0) return asked;
      connection.OnReady(POLLIN, 0);
    } else {
      if (!is_over) shutdown(client.get(), SHUT_WR);
      is_over = true;
      connection.OnReady(POLLIN, 0);
    }
  }
  if (!connection.is_closed()) abort();
  return asked;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr size_t kMost = 4096;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size < kMost ? size : kMost);
  if (Ask(bytes, kMost) != Ask(bytes, 7)) abort();
  return 0;
}
