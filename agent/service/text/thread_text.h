// SPDX-License-Identifier: Apache-2.0
//
// The threads of the process as text, for people and for old tools:
//   1  threads of like stacks together, with the counts; parses as a Go profile
//   2  every thread by itself: state, how long, what it waits for and who holds
//      it, stack, who made it. Threads that wait for each other come first
//   3  the same in the grammar of Go's dumps, for tools that read those
//   4  as gperftools' threadz
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/service/profile/mappings.h"
#include "agent/service/symbol/symbols.h"
#include "agent/service/text/thread_list.h"

namespace pprofagent::service {

struct ThreadReport {
  const ThreadList& list;
  const Symbols& symbols;
  const Mappings& mappings;
  // Circles of threads (FindDeadlocks).
  const std::vector<std::vector<size_t>>& deadlocks;
};

// Form 1 names itself as it was asked for ("goroutine", "threads").
std::string GroupedThreads(const ThreadReport& report, std::string_view name);
std::string FullThreads(const ThreadReport& report);
std::string GoThreads(const ThreadReport& report);
std::string Threadz(const ThreadReport& report);

// Reads the threads and tells of them in this form; any other number means 2, as
// for Go. Of the threads only those that `keep` wants.
using KeepThread = std::function<bool(const hot::ThreadSample& thread)>;
std::string ThreadsText(int64_t form, std::string_view name, const KeepThread& keep = {});

}  // namespace pprofagent::service
