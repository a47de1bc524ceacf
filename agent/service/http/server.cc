// SPDX-License-Identifier: Apache-2.0
#include "agent/service/http/server.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "agent/hot/controls.h"
#include "agent/service/base/clock.h"
#include "agent/service/base/descriptor.h"
#include "agent/service/http/socket_file.h"
#include "agent/service/log/log.h"
#include "agent/service/options/expand.h"

namespace pprofagent::service {
namespace {

constexpr int64_t kMillisecondNs = 1'000'000;
constexpr int64_t kSecondNs = 1'000'000'000;
// A process that lives shorter never pays for its socket.
constexpr int64_t kSocketDelayNs = 50 * kMillisecondNs;
constexpr int64_t kLongestPauseNs = 30 * kSecondNs;
constexpr size_t kMaxConnections = 16;
constexpr size_t kMaxUnsentBytes = size_t{16} << 20;
constexpr int kMaxAccepted = 64;

Response Busy() {
  return {.status = 503,
          .headers = {{"Retry-After", "1"}},
          .body = "503 Service Unavailable: too many clients at once\n"};
}

// This user's processes and root's.
bool IsTrusted(int socket) {
  ucred peer = {};
  socklen_t length = sizeof(peer);
  return getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 &&
         (peer.uid == 0 || peer.uid == geteuid());
}

std::string ReachedHost(int socket) {
  sockaddr_storage address = {};
  socklen_t length = sizeof(address);
  std::string host;
  if (getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length) == 0) {
    NameOf(address, &host);
  }
  return host;
}

// Nothing is waited for: whom it does not reach finds the connection closed.
void Refuse(int socket, const Response& response) {
  const std::string text = Head(response, Framing::kLength, false) + response.body;
  static_cast<void>(send(socket, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
  shutdown(socket, SHUT_WR);
}

}  // namespace

Server::Server(const Options& options, bool is_fork_child, Handler handler)
    : options_(options),
      is_fork_child_(is_fork_child),
      application_(std::move(handler)),
      handler_([this](const Request& request, const Client& client) {
        return Handle(request, client);
      }) {
  AddDoors();
}

Server::~Server() {
  connections_.clear();
  for (Door& door : doors_) {
    if (!door.listener.valid() || door.listener.is_tcp()) continue;
    ForgetSocketFile(door.listener.file());
    RemoveSocketFile(door.listener.file());
  }
}

void Server::AddDoors() {
  // Those that it kept open the program could close, and would pass on.
  if (!MayOpenDescriptors()) return;
  const int64_t now_ns = MonotonicClock();
  if (const auto address = ParseListenAddress(options_.http)) {
    doors_.push_back({.is_tcp = address->path.empty(),
                      .file = address->path,
                      .address = *address,
                      .next_try_ns = now_ns,
                      .is_requested = true});
  }
  if (!options_.socket.empty()) {
    doors_.push_back({.is_tcp = false,
                      .file = options_.socket,
                      .address = {},
                      .next_try_ns = now_ns + kSocketDelayNs,
                      .is_requested = options_.socket_from_start});
  }
}

Status Server::Open(Door* door) {
  if (waker_ == nullptr) {
    auto waker = std::make_unique<Waker>();
    if (Status status = waker->Start(); !status.ok()) return status;
    waker_ = std::move(waker);
  }
  if (door->is_tcp) return Listener::OpenTcp(door->address, &door->listener);
  const std::string directory = Expand(options_.dir);
  return Listener::OpenUnix(Expand(door->file, directory), directory, &door->listener);
}

void Server::OpenDoors(int64_t now_ns) {
  for (Door& door : doors_) {
    if (door.listener.valid() || now_ns < door.next_try_ns) continue;
    const Status status = Open(&door);
    if (status.ok()) {
      door.pause_ns = 0;
      Log(LogLevel::kInfo, "listening on " + door.listener.name());
      continue;
    }
    door.pause_ns = std::clamp(2 * door.pause_ns, kSecondNs, kLongestPauseNs);
    door.next_try_ns = now_ns + door.pause_ns;
    if (!std::exchange(door.is_logged, true)) {
      Log(door.is_requested && !is_fork_child_ ? LogLevel::kWarn : LogLevel::kInfo,
          status.text() + " (it is tried again, at most every 30 s)");
    }
  }
}

size_t Server::UnsentBytes() const {
  size_t bytes = 0;
  for (const auto& connection : connections_) bytes += connection->unsent_bytes();
  return bytes;
}

Answer Server::Handle(const Request& request, const Client& client) {
  if (UnsentBytes() > kMaxUnsentBytes) return {Busy()};
  return application_(request, client);
}

// False if every client of that kind is being served.
bool Server::MakeRoom(bool is_tcp) {
  size_t count = 0;
  auto oldest = connections_.end();
  for (auto it = connections_.begin(); it != connections_.end(); ++it) {
    if ((*it)->is_local() == is_tcp) continue;
    ++count;
    if (!(*it)->is_reading()) continue;
    if (oldest == connections_.end() || (*it)->since_ns() < (*oldest)->since_ns()) oldest = it;
  }
  if (count < kMaxConnections) return true;
  if (oldest == connections_.end()) return false;
  connections_.erase(oldest);
  return true;
}

void Server::Admit(Descriptor socket, const Door& door, int64_t now_ns) {
  Client client;
  client.is_local = !door.is_tcp;
  if (client.is_local && !IsTrusted(socket.get())) {
    Refuse(socket.get(), {.status = 403, .body = "403 Forbidden: another user's process\n"});
    return;
  }
  if (!MakeRoom(door.is_tcp)) {
    Refuse(socket.get(), Busy());
    return;
  }
  if (door.is_tcp) {
    client.reached_host = ReachedHost(socket.get());
    const int on = 1;
    setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  }
  connections_.push_back(
      std::make_unique<Connection>(std::move(socket), std::move(client), handler_, now_ns));
}

void Server::Accept(Door* door, int64_t now_ns) {
  for (int i = 0; i < kMaxAccepted; ++i) {
    Descriptor socket = AwayFromStandard(
        accept4(door->listener.descriptor(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket.valid()) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      return;
    }
    Admit(std::move(socket), *door, now_ns);
  }
}

int64_t Server::NextTime() const {
  int64_t next = INT64_MAX;
  for (const Door& door : doors_) {
    if (!door.listener.valid()) next = std::min(next, door.next_try_ns);
  }
  for (const auto& connection : connections_) next = std::min(next, connection->NextTime());
  return next;
}

bool Server::WaitAndServe(int64_t timeout_ns) {
  OpenDoors(MonotonicClock());
  const int64_t now_ns = MonotonicClock();
  const int64_t next_ns = NextTime();
  if (next_ns != INT64_MAX) {
    const int64_t left_ns = std::max<int64_t>(next_ns - now_ns, 0);
    if (timeout_ns < 0 || left_ns < timeout_ns) timeout_ns = left_ns;
  }
  if (waker_ == nullptr) {
    hot::WaitForRequest(timeout_ns);
    return false;
  }
  std::vector<pollfd> polled = {{waker_->descriptor(), POLLIN, 0}};
  for (const Door& door : doors_) {
    polled.push_back({door.listener.valid() ? door.listener.descriptor() : -1, POLLIN, 0});
  }
  for (const auto& connection : connections_) {
    polled.push_back({connection->descriptor(), connection->Events(), 0});
  }
  const timespec timeout = {timeout_ns / kSecondNs, timeout_ns % kSecondNs};
  if (ppoll(polled.data(), polled.size(), timeout_ns < 0 ? nullptr : &timeout, nullptr) < 0) {
    return has_clients();
  }
  if (polled[0].revents != 0) waker_->Clear();
  const pollfd* of_connections = polled.data() + 1 + doors_.size();
  for (size_t i = 0; i < connections_.size(); ++i) {
    Connection& connection = *connections_[i];
    if (of_connections[i].revents != 0) {
      connection.OnReady(of_connections[i].revents, MonotonicClock());
    }
    connection.OnTime(MonotonicClock());
  }
  std::erase_if(connections_, [](const auto& connection) { return connection->is_closed(); });
  for (size_t i = 0; i < doors_.size(); ++i) {
    if (polled[1 + i].revents != 0) Accept(&doors_[i], MonotonicClock());
  }
  return has_clients();
}

std::vector<std::string> Server::Names() const {
  std::vector<std::string> names;
  for (const Door& door : doors_) {
    if (!door.listener.valid()) continue;
    names.push_back((door.listener.is_tcp() ? "http://" : "unix:") + door.listener.name());
  }
  return names;
}

}  // namespace pprofagent::service
