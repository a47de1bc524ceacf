// SPDX-License-Identifier: Apache-2.0
//
// See line_client.h.
#include "tools/control/line_client.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "tools/base/descriptor.h"
#include "tools/base/errno_text.h"
#include "tools/base/strings.h"

namespace cpprof::control {
namespace {

// No answer of an agent comes near it.
constexpr size_t kMaxAnswer = size_t{16} << 20;

std::string WhyNot() {
  if (errno == EAGAIN || errno == EWOULDBLOCK) {
    return "it does not answer; is the process stopped?";
  }
  if (errno == ECONNREFUSED) return "nobody listens; a process that was killed has left it behind";
  return ErrnoText(errno);
}

Status Connect(int descriptor, const std::string& path) {
  sockaddr_un address = {};
  if (path.size() >= sizeof(address.sun_path)) return Status::Error("name too long for a socket");
  address.sun_family = AF_UNIX;
  std::copy(path.begin(), path.end(), address.sun_path);
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  return connect(descriptor, generic, sizeof(address)) == 0 ? Status::Ok()
                                                            : Status::Error(WhyNot());
}

Status Send(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = send(descriptor, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return Status::Error(WhyNot());
    text.remove_prefix(static_cast<size_t>(sent));
  }
  // One line is all.
  shutdown(descriptor, SHUT_WR);
  return Status::Ok();
}

Result<std::string> ReceiveAll(int descriptor) {
  std::string text;
  char chunk[4096];
  while (text.size() < kMaxAnswer) {
    const ssize_t got = recv(descriptor, chunk, sizeof(chunk), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Status::Error(WhyNot());
    if (got == 0) return text;
    text.append(chunk, static_cast<size_t>(got));
  }
  return Status::Error("the answer does not end");
}

Result<std::string> Exchange(const std::string& path, std::string_view line,
                             std::chrono::seconds patience) {
  const Descriptor server(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (server.get() < 0) return Status::Error(ErrnoText(errno));
  const timeval longest = {static_cast<time_t>(patience.count()), 0};
  setsockopt(server.get(), SOL_SOCKET, SO_RCVTIMEO, &longest, sizeof(longest));
  setsockopt(server.get(), SOL_SOCKET, SO_SNDTIMEO, &longest, sizeof(longest));
  if (Status status = Connect(server.get(), path); !status.ok()) return status;
  if (Status status = Send(server.get(), std::string(line) + "\n"); !status.ok()) return status;
  return ReceiveAll(server.get());
}

}  // namespace

Result<std::vector<std::string>> ParseAnswer(std::string_view text) {
  constexpr std::string_view kError = "error: ";
  // Said by HTTP to whoever may not ask.
  if (text.starts_with("HTTP/1.1 403 "))
    return Status::Error("the agent obeys its own user and root");
  if (text.starts_with("HTTP/1.1 503 ")) return Status::Error("the agent has too many clients");
  if (!text.ends_with('\n')) return Status::Error("the answer is not complete");
  text.remove_suffix(1);
  std::vector<std::string> lines;
  for (const std::string_view line : Split(text, '\n')) lines.emplace_back(line);
  const std::string last = lines.back();
  lines.pop_back();
  if (last == "ok") return lines;
  if (!last.starts_with(kError)) return Status::Error("the answer is not an agent's");
  return Status::Error(last.substr(kError.size()));
}

Result<std::vector<std::string>> AskAgent(const std::string& socket, std::string_view line,
                                          std::chrono::seconds patience) {
  const auto text = Exchange(socket, line, patience);
  if (!text.ok()) return text.status().Annotate(socket);
  return ParseAnswer(*text);
}

}  // namespace cpprof::control
