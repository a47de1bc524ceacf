// SPDX-License-Identifier: Apache-2.0
//
// Signals kept away from a thread for a stretch of code. Masks are set by the
// raw system call: libc's drops its internal signals 32 and 33 from any mask it
// sets, and a thread that has them blocked must get them back blocked.
#pragma once

#include <cstdint>

namespace pprofagent::service {

// A kernel signal set: bit n-1 is signal n.
using SignalMask = uint64_t;

constexpr SignalMask SignalBit(int signal) { return SignalMask{1} << (signal - 1); }

// All signals but libc's own, which every thread must go on taking: setuid
// waits until each has.
inline constexpr SignalMask kProgramSignals = ~(SignalBit(32) | SignalBit(33));

class BlockSignals {
 public:
  explicit BlockSignals(SignalMask mask);
  ~BlockSignals();
  BlockSignals(const BlockSignals&) = delete;
  BlockSignals& operator=(const BlockSignals&) = delete;

 private:
  SignalMask previous_ = 0;
};

// Keeps writing from killing the program: beyond RLIMIT_FSIZE the kernel sends
// SIGXFSZ, into a broken pipe SIGPIPE. One that our writing raised is taken
// back at the end; one that was pending before stays.
class BlockWriteSignals {
 public:
  BlockWriteSignals();
  ~BlockWriteSignals();
  BlockWriteSignals(const BlockWriteSignals&) = delete;
  BlockWriteSignals& operator=(const BlockWriteSignals&) = delete;

 private:
  SignalMask pending_before_;
  BlockSignals block_;
};

}  // namespace pprofagent::service
