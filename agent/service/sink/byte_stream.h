// SPDX-License-Identifier: Apache-2.0
//
// Where bytes go: a file, a compressor before it, memory, later a connection.
#pragma once

#include <string>
#include <string_view>

#include "agent/service/base/status.h"

namespace pprofagent::service {

class ByteStream {
 public:
  virtual ~ByteStream() = default;
  // After a failure the stream takes nothing more; every further call fails
  // likewise.
  virtual Status Write(std::string_view data) = 0;
};

class StringStream final : public ByteStream {
 public:
  Status Write(std::string_view data) override {
    contents_ += data;
    return Status();
  }
  const std::string& contents() const { return contents_; }

 private:
  std::string contents_;
};

}  // namespace pprofagent::service
