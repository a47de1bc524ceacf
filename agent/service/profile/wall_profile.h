// SPDX-License-Identifier: Apache-2.0
//
// Where all threads spend their time, on a processor or not: they are looked at
// (hot::VisitThreads, which ends no call of theirs) at random moments, a given
// number of times a second on average. Each thread seen stands for the time since
// the look before, so that a thread that lives throughout has exactly the length
// of the interval, however late the looks come.
//
// To look takes 10 to 20 us a thread. It is never done for more than a tenth of
// the time: with very many threads the looks become fewer than asked for, which
// the profile says.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "agent/hot/snapshot.h"
#include "agent/service/profile/recording.h"

namespace pprofagent::service {

inline constexpr int kDefaultWallRate = 100;
inline constexpr int kMaxWallRate = 1000;

class WallProfile {
 public:
  // Of one thread only, if it is given.
  explicit WallProfile(int rate_hz, std::optional<int32_t> only_tid = std::nullopt);

  // The moment of the next look.
  int64_t next_ns() const { return next_ns_; }
  // Looks at all threads. On a thread of the agent's.
  void Look();
  // What was seen up to now, with one last look.
  Recording Finish();

 private:
  struct Time {
    hot::StackView stack;
    int64_t count = 0;
    int64_t nanoseconds = 0;
  };

  static void Add(void* profile, const hot::ThreadSample& thread);

  int rate_hz_;
  std::optional<int32_t> only_tid_;
  int64_t begin_wall_ns_;
  int64_t begin_ns_;
  int64_t next_ns_ = 0;
  int64_t last_ns_;
  // Since the last look, while one is under way.
  int64_t elapsed_ns_ = 0;
  int64_t looks_ = 0;
  bool is_complete_ = true;
  uint64_t random_;
  // By stack, which is told by its place in memory, and whether it ran.
  std::map<std::pair<const uintptr_t*, bool>, Time> times_;
};

}  // namespace pprofagent::service
