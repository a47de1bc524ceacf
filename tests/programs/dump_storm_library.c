// SPDX-License-Identifier: Apache-2.0
//
// What dump_storm loads and unloads: a stack of frames whose size nobody can
// tell from outside, at the end of which it sleeps. Two builds with other frames.
#include <alloca.h>
#include <time.h>

enum { kFrameBytes = 8 * DUMP_STORM_BUILD };

__attribute__((noinline)) static int wait_below(int depth, long nanoseconds) {
  volatile char* frame = alloca((size_t)(kFrameBytes + depth % 3 * 16));
  frame[0] = (char)depth;
  if (depth == 0) {
    const struct timespec span = {0, nanoseconds};
    nanosleep(&span, NULL);
  } else {
    frame[0] = (char)wait_below(depth - 1, nanoseconds);
  }
  return frame[0] + 1;
}

int dump_storm_wait(int round);
int dump_storm_wait(int round) {
  static const long kSpans[] = {20000, 5000, 1000, 30000, 100};
  return wait_below(round % 60, kSpans[round % 5]);
}
