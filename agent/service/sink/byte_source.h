// SPDX-License-Identifier: Apache-2.0
//
// Where bytes come from that are made while they are taken, so that a long text
// is never in memory as a whole.
#pragma once

#include <cstddef>
#include <string>

namespace pprofagent::service {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Appends the next piece, of some ten kilobytes; false if there was none left.
  virtual bool Next(std::string* bytes) = 0;
  // What it takes to make them, roughly.
  virtual size_t held_bytes() const = 0;
  // Begins anew: the same bytes come once more.
  virtual void Restart() = 0;
};

}  // namespace pprofagent::service
