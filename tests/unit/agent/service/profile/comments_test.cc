// SPDX-License-Identifier: Apache-2.0
#include "agent/service/profile/comments.h"

#include <gtest/gtest.h>

#include "agent/service/base/process.h"

namespace pprofagent::service {
namespace {

TEST(Comments, TellTheCircumstances) {
  Circumstances circumstances;
  circumstances.rate = "heap sampling rate: 1 bytes";
  circumstances.unwinder = "fp";
  circumstances.stack_depth = 64;
  const std::vector<std::string> expected = {
      "# pprofagent " PPROFAGENT_VERSION, "# command line: " + CommandLine(),
      "# host: " + HostName(), "# heap sampling rate: 1 bytes",
      "# unwinder: fp, at most 64 frames"};
  EXPECT_EQ(Comments(circumstances), expected);
}

TEST(Comments, TellWhatIsMissingAndWhy) {
  Circumstances circumstances;
  circumstances.drops = {.stack_table_full = 1,
                         .live_map_full = 2,
                         .no_thread_record = 3,
                         .reentrant = 4,
                         .lock_waits = 7,
                         .contention_pairs = 8,
                         .no_timer = 6,
                         .no_module_record = 9,
                         .no_debug_frame = 11,
                         .label_sets_full = 10,
                         .foreign_threads = 12};
  circumstances.truncated_samples = 5;
  circumstances.no_rule_samples = 7;
  circumstances.broken_samples = 8;
  const std::vector<std::string> all = Comments(circumstances);
  const std::vector<std::string> tail(all.end() - 14, all.end());
  const std::vector<std::string> expected = {
      "cut: 5 stacks had more frames than that",
      "cut: 7 stacks end at code without unwind information or frame pointer",
      "cut: 8 stacks end where the stack is not as its code describes it",
      "dropped: 1 samples, stack table full",
      "dropped: 2 samples, table of live blocks full (missing in inuse only)",
      "dropped: 3 samples, no memory for a thread's record",
      "dropped: 4 samples, signal arrived while one was recorded",
      "dropped: 12 samples, thread not made by libc",
      "dropped: 7 samples, lock could not be followed (missing in mutex)",
      "dropped: 8 samples, no waiter found (missing in contention)",
      "dropped: 6 threads, the kernel refused them a CPU timer (ulimit -i)",
      "incomplete: 9 walks met objects beyond the 1024 that are remembered after dlclose",
      "incomplete: .debug_frame of 11 objects could not be used, the log says why",
      "incomplete: labels could not be attached 10 times, there are more different sets of them "
      "than 65535, or than 16 MiB hold; samples have the labels of before"};
  EXPECT_EQ(tail, expected);
}

}  // namespace
}  // namespace pprofagent::service
