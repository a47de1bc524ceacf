// SPDX-License-Identifier: Apache-2.0
//
// Dumps of this process into the dump directory. The directory is opened and
// checked anew for every dump: the program may have changed user or root
// meanwhile, somebody may have cleaned up. A failure costs that dump only; the
// first of a row is logged, all are counted, the next dump tries again.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "agent/service/base/status.h"
#include "agent/service/options/options.h"
#include "agent/service/profile/kinds.h"
#include "agent/service/sink/byte_stream.h"

namespace pprofagent::service {

class Dumper {
 public:
  explicit Dumper(const Options& options) : options_(options) {}

  struct Item {
    const KindSpec* kind;
    std::function<Status(ByteStream*)> produce;
  };
  // Writes the items under one number. Those that can be written are, even if
  // others fail; the Status tells the first failure. Appends the paths written.
  Status Dump(const std::vector<Item>& items, std::vector<std::string>* written);

  uint64_t failures() const { return failures_; }

 private:
  Status WriteItems(const std::vector<Item>& items, std::vector<std::string>* written);
  void Account(const Status& status);

  const Options& options_;
  // Next number; the directory may know higher ones.
  int next_sequence_ = 0;
  uint64_t failures_ = 0;
  uint64_t failures_in_a_row_ = 0;
};

}  // namespace pprofagent::service
