// SPDX-License-Identifier: Apache-2.0
//
// Errors are values: a Status is fine, or holds one sentence for the log that
// says what failed, on what, why, and where it helps what to do.
#pragma once

#include <string>
#include <utility>

namespace pprofagent::service {

class [[nodiscard]] Status {
 public:
  Status() = default;
  static Status Error(std::string text) { return Status(std::move(text)); }
  // "cannot WHAT: No space left on device (ENOSPC)"
  static Status FromErrno(const std::string& what, int error);

  bool ok() const { return text_.empty(); }
  const std::string& text() const { return text_; }

 private:
  explicit Status(std::string text) : text_(std::move(text)) {}

  std::string text_;
};

// "No space left on device (ENOSPC)". Untranslated: strerror would load message
// catalogues into the program.
std::string ErrnoText(int error);

}  // namespace pprofagent::service
