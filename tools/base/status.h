// SPDX-License-Identifier: Apache-2.0
//
// Errors are values. Every function of the tools that can fail returns a Status, or a Result<T>
// that holds either the answer or the Status; nothing throws across a folder. The text of a Status
// is made for the person who reads it on a terminal: what failed, on what, why. The caller that
// knows more puts its part in front (Status::Annotate), so that a line reads from the outside in:
//
//     profiles/cpu.pb.gz: decompressing profile: unexpected EOF
#pragma once

#include <cassert>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace cpprof {

class [[nodiscard]] Status {
 public:
  // Success.
  Status() = default;

  static Status Ok() { return Status(); }
  // A failure; `message` is one line without the program's name and without a full stop.
  static Status Error(std::string message) {
    Status status;
    status.failed_ = true;
    status.message_ = std::move(message);
    return status;
  }

  bool ok() const { return !failed_; }
  // Empty for a success.
  const std::string& message() const { return message_; }

  // The same failure with "`prefix`: " before its text; a success stays one.
  Status Annotate(std::string_view prefix) const {
    if (ok()) return *this;
    return Error(std::string(prefix) + ": " + message_);
  }

 private:
  bool failed_ = false;
  std::string message_;
};

template <typename T>
class [[nodiscard]] Result {
 public:
  // Both implicit on purpose: `return value;` and `return Status::Error(...);`.
  Result(T value) : state_(std::move(value)) {}        // NOLINT(google-explicit-constructor)
  Result(Status status) : state_(std::move(status)) {  // NOLINT(google-explicit-constructor)
    assert(!std::get<Status>(state_).ok());
  }

  bool ok() const { return std::holds_alternative<T>(state_); }
  Status status() const { return ok() ? Status::Ok() : std::get<Status>(state_); }
  const std::string& message() const { return std::get<Status>(state_).message(); }

  // Only when ok().
  T& value() & { return std::get<T>(state_); }
  const T& value() const& { return std::get<T>(state_); }
  T&& value() && { return std::get<T>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  std::variant<T, Status> state_;
};

}  // namespace cpprof
