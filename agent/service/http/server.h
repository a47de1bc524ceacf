// SPDX-License-Identifier: Apache-2.0
//
// Listens where the options say and serves the clients, on the thread that
// calls it (the helper), which never waits for one of them: all sockets are
// polled together, and what a client makes the agent do is bounded.
//
//   clients     16 by TCP and 16 by the Unix socket; one more takes the place
//               of the one that has kept us waiting for its request longest, or
//               is told to come back later
//   requests    request_parser.h: 8 KiB of head, 64 KiB of body, 10 s
//   responses   16 MiB not yet fetched; then further clients are told to wait
//
// An address that cannot be had (another process has it: the parent, an older
// instance still ending) is tried again, at growing intervals up to 30 s, and
// logged the first time.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "agent/service/http/connection.h"
#include "agent/service/http/listener.h"
#include "agent/service/http/waker.h"
#include "agent/service/options/options.h"

namespace pprofagent::service {

class Server {
 public:
  // Opens nothing yet. `options` must outlive this. In a forked child it is no
  // news that the parent has the address.
  Server(const Options& options, bool is_fork_child, Handler handler);
  // Ends all connections and removes the socket's file.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Sleeps until a request of hot::MakeRequest, a client or the time (negative:
  // none), and serves clients. True if there was one.
  bool WaitAndServe(int64_t timeout_ns);

  bool has_clients() const { return !connections_.empty(); }
  // The addresses it listens on.
  std::vector<std::string> Names() const;

 private:
  struct Door {
    bool is_tcp;
    std::string file;       // name of a Unix socket, a pattern
    ListenAddress address;  // of a TCP socket
    Listener listener = {};
    int64_t next_try_ns = 0;
    int64_t pause_ns = 0;
    bool is_requested = false;  // by an option; then failure is worth a warning
    bool is_logged = false;
  };

  void AddDoors();
  void OpenDoors(int64_t now_ns);
  Status Open(Door* door);
  void Accept(Door* door, int64_t now_ns);
  void Admit(Descriptor socket, const Door& door, int64_t now_ns);
  bool MakeRoom(bool is_tcp);
  size_t UnsentBytes() const;
  int64_t NextTime() const;
  Answer Handle(const Request& request, const Client& client);

  const Options& options_;
  const bool is_fork_child_;
  Handler application_;
  Handler handler_;  // application_ behind the limit on unsent bytes
  std::vector<Door> doors_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::unique_ptr<Waker> waker_;
};

}  // namespace pprofagent::service
