// SPDX-License-Identifier: Apache-2.0
//
// Asks running threads for their own stacks, by a real-time signal: nobody else
// can tell the registers of a thread that is running. Threads that wait are not
// asked (task_files.h), and a call entered between our look and the signal is
// begun anew (interrupted_call.h).
//
// A question is a slot of a fixed table; the asker writes, sends the signal with
// the slot's ticket, and waits for the answers. Ticket and phase share one atomic
// word: 4 * ticket + phase. The handler takes the slot by asked -> writing, fills
// it and says written; the asker gives up by asked -> free. A signal that comes
// late finds another word there and does nothing. A slot whose thread began to
// write and did not finish in time (it may have been stopped, or killed) stays
// lost until it does.
#pragma once

#include <cstdint>

#include "agent/hot/rt/thread_state.h"

namespace pprofagent::hot {

struct AskedStack {
  int32_t tid;
  // False: there was no answer in time.
  bool answered;
  bool truncated;
  uint32_t labels;
  uint32_t depth;
  uintptr_t pcs[kStackCapacity];
};

// Claims the signal at the first call; 0: none is free.
int StackSignal();

// Questions asked together, so that all are waited for at once. One asker at a
// time; not for signal handlers.
class StackQuestions {
 public:
  using Visitor = void (*)(const AskedStack& stack, void* context);

  StackQuestions();

  enum class Sent : uint8_t { kYes, kNo, kNoRoom };
  // kNo: the signal cannot be sent. kNoRoom: collect first.
  Sent Ask(int32_t tid);
  // Waits for the answers and calls visit(stack, context) for each question.
  void Collect(Visitor visit, void* context);

 private:
  static constexpr uint32_t kSlots = 32;

  uint32_t ticket_ = 0;
  uint32_t next_slot_ = 0;
  bool mine_[kSlots] = {};
};

// Calls begun anew so far.
uint64_t CallsRestarted();

}  // namespace pprofagent::hot
