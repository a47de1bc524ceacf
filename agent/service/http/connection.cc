// SPDX-License-Identifier: Apache-2.0
#include "agent/service/http/connection.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <new>
#include <utility>

#include "agent/service/http/line_request.h"

namespace pprofagent::service {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;
// From a request's first byte to its last.
constexpr int64_t kRequestNs = 10 * kSecondNs;
constexpr int64_t kIdleNs = 60 * kSecondNs;
// For a response, and more for a large one: 64 KiB a second.
constexpr int64_t kResponseNs = 30 * kSecondNs;
constexpr int64_t kSlowestBytesPerSecond = int64_t{64} * 1024;
constexpr int64_t kDrainNs = 2 * kSecondNs;
constexpr size_t kChunk = 4096;
// Then it is the others' turn.
constexpr int kPiecesAtOnce = 8;
constexpr std::string_view kBlanks = " \t\r\n";

}  // namespace

Connection::Connection(Descriptor socket, Client client, const Handler& handler, int64_t now_ns)
    : socket_(std::move(socket)), client_(std::move(client)), handler_(handler) {
  if (client_.is_local) protocol_ = Protocol::kUndecided;
  Enter(State::kReading, now_ns, now_ns + kRequestNs);
}

void Connection::Enter(State state, int64_t now_ns, int64_t deadline_ns) {
  state_ = state;
  since_ns_ = now_ns;
  deadline_ns_ = deadline_ns;
}

short Connection::Events() const {
  switch (state_) {
    case State::kReading:
    case State::kDraining:
      return POLLIN;
    case State::kWaiting:
      return POLLRDHUP;
    case State::kWriting:
      return POLLOUT;
    case State::kClosed:
      break;
  }
  return 0;
}

void Connection::OnReady(short events, int64_t now_ns) {
  switch (state_) {
    case State::kReading:
      return Read(now_ns);
    case State::kWaiting:
      // The client has left, and nobody wants the profile any more.
      if ((events & (POLLRDHUP | POLLHUP | POLLERR)) != 0) Close();
      return;
    case State::kWriting:
      return Write(now_ns);
    case State::kDraining:
      return Drain();
    case State::kClosed:
      return;
  }
}

int64_t Connection::NextTime() const {
  if (state_ == State::kReading && HasMore()) return 0;
  return state_ == State::kWaiting ? wait_->due_ns() : deadline_ns_;
}

void Connection::OnTime(int64_t now_ns) {
  if (state_ == State::kClosed || now_ns < NextTime()) return;
  if (state_ == State::kReading && HasMore()) {
    // A request that came with the one before does not make the socket ready.
    Parse(now_ns);
  } else if (state_ == State::kWaiting) {
    const std::unique_ptr<Wait> wait = std::move(wait_);
    Send(wait->Finish(), keep_alive_, now_ns);
  } else if (state_ == State::kReading && !is_fresh_) {
    Send({.status = 408, .body = "408 Request Timeout\n"}, false, now_ns);
  } else {
    Close();
  }
}

void Connection::Read(int64_t now_ns) {
  // What has come is served before the end is seen.
  if (HasMore()) return Parse(now_ns);
  char chunk[kChunk];
  const ssize_t got = recv(descriptor(), chunk, sizeof(chunk), MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  // The last line need not have an end.
  const bool has_last_line = got == 0 && lacks_line_end_ && !received_.empty();
  if (got <= 0 && !has_last_line) return Close();
  if (has_last_line) {
    received_ += '\n';
  } else {
    received_.append(chunk, static_cast<size_t>(got));
  }
  Parse(now_ns);
}

void Connection::Parse(int64_t now_ns) {
  if (std::exchange(is_fresh_, false)) Enter(State::kReading, now_ns, now_ns + kRequestNs);
  lacks_line_end_ = false;
  if (protocol_ == Protocol::kUndecided) DecideProtocol();
  if (protocol_ == Protocol::kHttp) ParseHttp(now_ns);
  if (protocol_ == Protocol::kLines) ParseLine(now_ns);
}

void Connection::DecideProtocol() {
  received_.erase(0, received_.find_first_not_of(kBlanks));
  const size_t end = received_.find('\n');
  if (end != std::string::npos) {
    const bool is_http = IsHttpLine(std::string_view(received_).substr(0, end));
    protocol_ = is_http ? Protocol::kHttp : Protocol::kLines;
  } else if (received_.size() > kMaxLineBytes) {
    protocol_ = Protocol::kHttp;  // which refuses it
  } else {
    lacks_line_end_ = true;
  }
}

void Connection::ParseLine(int64_t now_ns) {
  received_.erase(0, received_.find_first_not_of(kBlanks));
  const size_t end = received_.find('\n');
  if (std::min(end, received_.size()) > kMaxLineBytes) {
    Send({.status = 400,
          .body = "a line is longer than " + std::to_string(kMaxLineBytes) + " bytes\n"},
         false, now_ns);
  } else if (end == std::string::npos) {
    lacks_line_end_ = true;
  } else {
    const Request request = LineRequest(std::string_view(received_).substr(0, end));
    received_.erase(0, end + 1);
    Serve(request, now_ns);
  }
}

void Connection::ParseHttp(int64_t now_ns) {
  size_t used = 0;
  const RequestParser::Progress progress = parser_.Feed(received_, &used);
  received_.erase(0, used);
  if (progress == RequestParser::Progress::kMore) {
    constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    if (parser_.TakeExpectsContinue()) {
      // A socket on which nothing was sent yet has room for it.
      static_cast<void>(send(descriptor(), kContinue.data(), kContinue.size(), MSG_NOSIGNAL));
    }
    return;
  }
  if (progress == RequestParser::Progress::kRefuse) {
    Send(parser_.TakeRefusal(), false, now_ns);
    return;
  }
  Serve(parser_.request(), now_ns);
}

void Connection::Serve(const Request& request, int64_t now_ns) {
  keep_alive_ = request.keep_alive;
  Answer answer = handler_(request, client_);
  if (answer.wait != nullptr) {
    wait_ = std::move(answer.wait);
    Enter(State::kWaiting, now_ns, 0);
  } else {
    Send(std::move(answer.response), keep_alive_, now_ns);
  }
}

void Connection::Send(Response response, bool keep_alive, int64_t now_ns) {
  if (protocol_ == Protocol::kLines) {
    keep_alive_ = keep_alive;
    response_ = ResponseBytes::Lines(response);
  } else {
    const Request& request = parser_.request();
    keep_alive_ = keep_alive && !ResponseBytes::EndsWithConnection(response, request);
    response_ = ResponseBytes(std::move(response), request, keep_alive_);
  }
  Enter(State::kWriting, now_ns, now_ns + kResponseNs);
  Write(now_ns);
}

bool Connection::NextPiece() {
  sent_ = 0;
  bool has_more = false;
  try {
    has_more = response_.Next(&output_);
  } catch (const std::bad_alloc&) {
    Close();  // half a piece must not go out
    throw;
  }
  if (!has_more) return false;
  deadline_ns_ += static_cast<int64_t>(output_.size()) * (kSecondNs / kSlowestBytesPerSecond);
  return true;
}

void Connection::Write(int64_t now_ns) {
  for (int pieces = 0; true;) {
    if (sent_ == output_.size()) {
      if (pieces++ == kPiecesAtOnce) return;
      if (!NextPiece()) break;
    }
    const ssize_t sent = send(descriptor(), output_.data() + sent_, output_.size() - sent_,
                              MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno == EAGAIN) return;
    if (sent < 0) return Close();
    sent_ += static_cast<size_t>(sent);
  }
  ResponseWritten(now_ns);
}

void Connection::ResponseWritten(int64_t now_ns) {
  output_ = std::string();
  parser_.Reset();
  if (!keep_alive_) {
    received_ = std::string();
    shutdown(descriptor(), SHUT_WR);
    Enter(State::kDraining, now_ns, now_ns + kDrainNs);
    return;
  }
  is_fresh_ = true;
  Enter(State::kReading, now_ns, now_ns + kIdleNs);
}

void Connection::Drain() {
  char chunk[kChunk];
  const ssize_t got = recv(descriptor(), chunk, sizeof(chunk), MSG_DONTWAIT);
  if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) Close();
}

}  // namespace pprofagent::service
