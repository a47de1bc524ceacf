// SPDX-License-Identifier: Apache-2.0
//
// The value of the option HTTP: where to listen. Hosts are addresses or
// "localhost": to look up other names, libc would load its resolver's modules
// into the program.
#pragma once

#include <sys/socket.h>

#include <optional>
#include <string>
#include <string_view>

namespace pprofagent::service {

struct ListenAddress {
  // Of a Unix socket, with the %-letters of options; empty: TCP.
  std::string path;
  sockaddr_storage address = {};
  socklen_t length = 0;
};

// "unix:PATH", "HOST:PORT", "[::1]:PORT"; ":PORT" is 127.0.0.1. Nothing if it
// is none of these.
std::optional<ListenAddress> ParseListenAddress(std::string_view text);

}  // namespace pprofagent::service
