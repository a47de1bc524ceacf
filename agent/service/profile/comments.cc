// SPDX-License-Identifier: Apache-2.0
#include "agent/service/profile/comments.h"

#include <string_view>

#include "agent/service/base/process.h"

namespace pprofagent::service {
namespace {

void AddDrops(uint64_t count, std::string_view reason, std::vector<std::string>* comments) {
  if (count == 0) return;
  comments->push_back("dropped: " + std::to_string(count) + " samples, " + std::string(reason));
}

}  // namespace

// A leading '#' keeps a comment out of the header of every report; what is
// wrong with the numbers has none.
std::vector<std::string> Comments(const Circumstances& circumstances) {
  std::vector<std::string> comments;
  comments.push_back("# pprofagent " PPROFAGENT_VERSION);
  comments.push_back("# command line: " + CommandLine());
  comments.push_back("# host: " + HostName());
  comments.push_back("# " + circumstances.rate);
  comments.push_back("# unwinder: " + circumstances.unwinder + ", at most " +
                     std::to_string(circumstances.stack_depth) + " frames");
  if (circumstances.truncated_samples != 0) {
    comments.push_back("cut: " + std::to_string(circumstances.truncated_samples) +
                       " stacks had more frames than that");
  }
  if (circumstances.no_rule_samples != 0) {
    comments.push_back("cut: " + std::to_string(circumstances.no_rule_samples) +
                       " stacks end at code without unwind information or frame pointer");
  }
  if (circumstances.broken_samples != 0) {
    comments.push_back("cut: " + std::to_string(circumstances.broken_samples) +
                       " stacks end where the stack is not as its code describes it");
  }
  // Counted since the process began.
  AddDrops(circumstances.drops.stack_table_full, "stack table full", &comments);
  AddDrops(circumstances.drops.live_map_full, "table of live blocks full (missing in inuse only)",
           &comments);
  AddDrops(circumstances.drops.no_thread_record, "no memory for a thread's record", &comments);
  AddDrops(circumstances.drops.reentrant, "signal arrived while one was recorded", &comments);
  AddDrops(circumstances.drops.foreign_threads, "thread not made by libc", &comments);
  AddDrops(circumstances.drops.lock_waits, "lock could not be followed (missing in mutex)",
           &comments);
  AddDrops(circumstances.drops.contention_pairs, "no waiter found (missing in contention)",
           &comments);
  if (const uint64_t threads = circumstances.drops.no_timer; threads != 0) {
    comments.push_back("dropped: " + std::to_string(threads) +
                       " threads, the kernel refused them a CPU timer (ulimit -i)");
  }
  if (const uint64_t walks = circumstances.drops.no_module_record; walks != 0) {
    comments.push_back("incomplete: " + std::to_string(walks) +
                       " walks met objects beyond the 1024 that are remembered after dlclose");
  }
  if (const uint64_t objects = circumstances.drops.no_debug_frame; objects != 0) {
    comments.push_back("incomplete: .debug_frame of " + std::to_string(objects) +
                       " objects could not be used, the log says why");
  }
  if (const uint64_t sets = circumstances.drops.label_sets_full; sets != 0) {
    comments.push_back("incomplete: labels could not be attached " + std::to_string(sets) +
                       " times, there are more different sets of them than 65535, or than 16 MiB "
                       "hold; samples have the labels of before");
  }
  return comments;
}

}  // namespace pprofagent::service
