// SPDX-License-Identifier: Apache-2.0
//
// An HTTP server for tests: one request a connection, on a TCP port of the loopback interface or on
// a Unix socket, answered by a function.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace cpprof::fetch {

class TestServer {
 public:
  // Gets "GET /path" (or POST) and the body, returns the whole answer after "HTTP/1.1 ".
  using Handler = std::function<std::string(const std::string& request, const std::string& body)>;

  explicit TestServer(Handler handler, const std::string& socket_path = "")
      : handler_(std::move(handler)) {
    if (socket_path.empty()) {
      descriptor_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      struct sockaddr_in address = {};
      address.sin_family = AF_INET;
      address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      bind(descriptor_, reinterpret_cast<struct sockaddr*>(&address), sizeof(address));
      socklen_t size = sizeof(address);
      getsockname(descriptor_, reinterpret_cast<struct sockaddr*>(&address), &size);
      port_ = ntohs(address.sin_port);
    } else {
      descriptor_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
      struct sockaddr_un address = {};
      address.sun_family = AF_UNIX;
      std::strncpy(address.sun_path, socket_path.c_str(), sizeof(address.sun_path) - 1);
      bind(descriptor_, reinterpret_cast<struct sockaddr*>(&address), sizeof(address));
    }
    listen(descriptor_, 16);
    thread_ = std::thread([this] { Serve(); });
  }
  ~TestServer() {
    // Wakes accept.
    shutdown(descriptor_, SHUT_RDWR);
    thread_.join();
    close(descriptor_);
  }
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  std::string Url(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }

  static std::string Ok(const std::string& body) {
    return "200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }

 private:
  void Serve() {
    while (true) {
      const int connection = accept4(descriptor_, nullptr, nullptr, SOCK_CLOEXEC);
      if (connection < 0) return;
      Answer(connection);
      close(connection);
    }
  }

  void Answer(int connection) {
    std::string text;
    char buffer[4096];
    size_t head = 0;
    while ((head = text.find("\r\n\r\n")) == std::string::npos) {
      const ssize_t got = read(connection, buffer, sizeof(buffer));
      if (got <= 0) return;
      text.append(buffer, static_cast<size_t>(got));
    }
    size_t length = 0;
    if (const size_t at = text.find("Content-Length: "); at != std::string::npos) {
      length = std::stoul(text.substr(at + 16));
    }
    while (text.size() < head + 4 + length) {
      const ssize_t got = read(connection, buffer, sizeof(buffer));
      if (got <= 0) return;
      text.append(buffer, static_cast<size_t>(got));
    }
    const std::string answer =
        "HTTP/1.1 " + handler_(text.substr(0, text.find(" HTTP/")), text.substr(head + 4));
    for (size_t sent = 0; sent < answer.size();) {
      const ssize_t put =
          send(connection, answer.data() + sent, answer.size() - sent, MSG_NOSIGNAL);
      if (put <= 0) return;
      sent += static_cast<size_t>(put);
    }
  }

  Handler handler_;
  int descriptor_ = -1;
  uint16_t port_ = 0;
  std::thread thread_;
};

}  // namespace cpprof::fetch
