// SPDX-License-Identifier: Apache-2.0
//
// One client, from accept to close, never blocking: told when its socket is
// ready and when its time has come, it reads a request, asks the handler, waits
// with it if it must, writes the response, and begins again.
//
//   kReading -> kWaiting -> kWriting -> kReading ... -> kDraining -> kClosed
//
// A local client may also speak the line protocol (line_request.h); its first line
// decides.
//
// Every state has a deadline, but waiting, which ends by itself. Only a client
// that leaves is noticed meanwhile. After an error the rest of what the client
// sends is read and thrown away for a moment: closing a socket with unread data
// would reset it, and the client would not see the error.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "agent/service/base/descriptor.h"
#include "agent/service/http/handler.h"
#include "agent/service/http/request_parser.h"
#include "agent/service/http/response_bytes.h"

namespace pprofagent::service {

class Connection {
 public:
  // `handler` must outlive this.
  Connection(Descriptor socket, Client client, const Handler& handler, int64_t now_ns);

  int descriptor() const { return socket_.get(); }
  bool is_local() const { return client_.is_local; }
  // For poll(2).
  short Events() const;
  void OnReady(short events, int64_t now_ns);
  // The moment OnTime must be called.
  int64_t NextTime() const;
  void OnTime(int64_t now_ns);

  bool is_closed() const { return state_ == State::kClosed; }
  // Whether it may be given up for another: no request of it is being served.
  bool is_reading() const { return state_ == State::kReading; }
  int64_t since_ns() const { return since_ns_; }
  size_t unsent_bytes() const { return output_.size() - sent_ + response_.held_bytes(); }

 private:
  enum class State { kReading, kWaiting, kWriting, kDraining, kClosed };

  void Enter(State state, int64_t now_ns, int64_t deadline_ns);
  enum class Protocol { kUndecided, kHttp, kLines };

  void Read(int64_t now_ns);
  // Feeds what was received, and serves the request if that completes it.
  void Parse(int64_t now_ns);
  void ParseHttp(int64_t now_ns);
  // Decides for a protocol if there is enough to tell.
  void DecideProtocol();
  // Serves the first line that is not blank, if it is complete.
  void ParseLine(int64_t now_ns);
  void Serve(const Request& request, int64_t now_ns);
  // Whether what was received beyond the last request may be another one.
  bool HasMore() const { return !received_.empty() && !lacks_line_end_; }
  void Send(Response response, bool keep_alive, int64_t now_ns);
  void Write(int64_t now_ns);
  // The next piece of the response to output_; false if that was all of it.
  bool NextPiece();
  void ResponseWritten(int64_t now_ns);
  void Drain();
  void Close() { state_ = State::kClosed; }

  Descriptor socket_;
  Client client_;
  const Handler& handler_;
  State state_ = State::kReading;
  Protocol protocol_ = Protocol::kHttp;
  bool lacks_line_end_ = false;  // of what was received
  int64_t since_ns_ = 0;
  int64_t deadline_ns_ = 0;
  RequestParser parser_;
  bool is_fresh_ = true;  // nothing of the next request has come
  std::string received_;  // beyond the current request
  std::unique_ptr<Wait> wait_;
  ResponseBytes response_;
  std::string output_;  // the piece of it that is being sent
  size_t sent_ = 0;
  bool keep_alive_ = false;
};

}  // namespace pprofagent::service
