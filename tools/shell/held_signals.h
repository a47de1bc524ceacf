// SPDX-License-Identifier: Apache-2.0
//
// Signals held back, and let in at one place only: while waiting for input. So a Ctrl-C at the
// prompt clears the line, one during a report stops the report, and none of them ever arrives
// between two instructions of ours. There is one thread when this is used.
//
// A handler only notes its signal. Programs started meanwhile do not inherit any of this.
#pragma once

#include <csignal>
#include <initializer_list>
#include <utility>
#include <vector>

namespace cpprof::shell {

class HeldSignals {
 public:
  // From now on; a signal that is ignored stays so.
  explicit HeldSignals(std::initializer_list<int> signals);
  // As before. A signal that has come and was not asked for takes its effect now.
  ~HeldSignals();
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;

  // Returns when the descriptor can be read (0), or one of the signals has come (its number).
  int Wait(int descriptor);
  // Drops a signal that has come.
  static void Forget(int signal);

 private:
  std::vector<std::pair<int, struct sigaction>> before_;
  sigset_t mask_before_;
  sigset_t mask_waiting_;
};

// Lets the signal do what it does to any program: to the one that calls it, here and now.
void SufferSignal(int signal);

}  // namespace cpprof::shell
