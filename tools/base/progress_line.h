// SPDX-License-Identifier: Apache-2.0
//
// The one line of a terminal that says what takes so long:
//
//     Decoding cpu.pb.gz: 4 s (and 2 more)
//
// It appears when the oldest activity is a second old, is rewritten in place, and is erased before
// anything else is printed and at the end. A thread of its own draws it, and lives only as long as
// there is an activity; whoever works knows nothing of it. Nothing here is called from more than
// one thread at a time, but for that one: the owner's mutex guards all of it.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

#include "tools/base/notices.h"

namespace cpprof {

class ProgressLine {
 public:
  // Draws on a terminal.
  ProgressLine(int terminal, std::mutex* mutex) : terminal_(terminal), mutex_(*mutex) {}
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  // Both take the mutex.
  void Begin(const Activity* activity);
  void End(const Activity* activity);
  // Makes room for another line; the caller holds the mutex.
  void Erase();

 private:
  // As long as `generation` is the current one.
  void Run(uint64_t generation);
  void Draw();

  const int terminal_;
  std::mutex& mutex_;
  std::condition_variable changed_;
  std::vector<const Activity*> activities_;  // oldest first
  // Grows whenever the last activity ends: so a thread that has been told to end does, even if
  // another activity begins before it gets to know.
  uint64_t generation_ = 0;
  bool drawn_ = false;
  std::thread thread_;
};

}  // namespace cpprof
