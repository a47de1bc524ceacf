// SPDX-License-Identifier: Apache-2.0
//
// The option MEMTRACE: a line on the program's standard error for each cycle of
// the allocator (agent/hot/engine/memory_trace.h), the one thing the agent ever
// writes there, because it was asked to.
//
// Standard error is what it was when the agent was loaded. The helper has the
// descriptor in a table of its own; if the program has put something else under
// the number before the helper came, nothing is written. A reader that does not
// keep up costs lines, never time: their numbers show which ones.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>

#include "agent/hot/snapshot.h"

namespace pprofagent::service {

class MemoryTrace {
 public:
  // A cycle takes at most so long; 0: no trace. Made where the program's
  // descriptors are seen.
  explicit MemoryTrace(int64_t longest_ns);

  bool IsOn() const { return longest_ns_ > 0; }
  // --- On the helper
  // Writes of cycles that have ended, and ends the running one if it is time.
  void Run(int64_t now_ns);
  std::optional<int64_t> NextDue() const;
  // At the end of the process: what has ended is written.
  void Finish();

 private:
  void WriteEnded();
  void Write(const hot::MemoryCycle& cycle);
  bool IsStandardError() const;
  uint64_t StackBytes(int64_t now_ns);

  int64_t longest_ns_;
  int64_t start_ns_;
  int64_t next_ns_;
  // Where lines go; an inode of 0 if there was nothing.
  dev_t device_ = 0;
  ino_t inode_ = 0;
  bool is_told_ = false;
  // Looked at every now and then: there may be thousands of stacks.
  uint64_t stack_bytes_ = 0;
  int64_t stacks_due_ns_ = 0;
};

}  // namespace pprofagent::service
