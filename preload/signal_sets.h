// SPDX-License-Identifier: Apache-2.0
//
// Sets of signals as the program passes them, without the agent's own signals. Of a set the kernel
// reads the first word, and so do we: what a program passes need not be longer.
#pragma once

#include <signal.h>

#include <cstdint>

#include "agent/hot/hooks.h"

namespace pprofagent::preload {

inline uint64_t FirstWord(const sigset_t& set) { return set.__val[0]; }

// The mask that a waiting call goes by: ours do not come in.
class MaskWithOurs {
 public:
  const sigset_t* operator()(const sigset_t* mask) {
    if (mask == nullptr) return nullptr;
    copy_.__val[0] = FirstWord(*mask) | hot::HiddenSignals();
    return &copy_;
  }
  // Other arguments of the call.
  template <typename T>
  T operator()(T argument) {
    return argument;
  }

 private:
  sigset_t copy_;
};

// The set of signals that a call waits for: ours are none of them. But a program that
// names one of them in particular means it, and may send it to itself; a set with
// most of the real-time signals is one of all that there are.
class SetWithoutOurs {
 public:
  explicit SetWithoutOurs(const sigset_t* set) : set_(set) {
    const uint64_t ours = hot::HiddenSignals();
    if (ours == 0 || set == nullptr || !HasMost(FirstWord(*set))) return;
    copy_.__val[0] = FirstWord(*set) & ~ours;
    set_ = &copy_;
  }
  const sigset_t* Get() const { return set_; }

 private:
  static bool HasMost(uint64_t set) {
    constexpr int kFirstRealTime = 32;
    int count = 0;
    for (int signal = kFirstRealTime; signal <= 64; ++signal) {
      count += static_cast<int>(set >> (signal - 1) & 1);
    }
    return count > 16;
  }

  const sigset_t* set_;
  sigset_t copy_;
};

}  // namespace pprofagent::preload
