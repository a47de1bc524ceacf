// SPDX-License-Identifier: Apache-2.0
//
// All threads of the process at one moment, and what can be said about each:
// what it is waiting for in words, and who waits for whom.
#pragma once

#include <string>
#include <vector>

#include "agent/hot/snapshot.h"
#include "agent/service/symbol/symbols.h"

namespace pprofagent::service {

struct ThreadEntry {
  hot::ThreadSample sample;
  // "mutex wait", "running", "syscall fsync"; see WordsFor.
  std::string state;
};

struct ThreadList {
  // The main thread first, then by thread id.
  std::vector<ThreadEntry> threads;
  // False: /proc could not be read, the list is not whole.
  bool complete = false;
};

// The caller's and the agent's own threads are left out.
ThreadList ReadThreads(hot::ThreadFacts facts = hot::ThreadFacts::kAll);

// The addresses of all stacks, those of the creators too.
std::vector<uint64_t> AddressesOf(const ThreadList& list);

// Fills in the states, and where no interposed call told it, the object waited
// for and its owner, from the system call and the names of libc's functions.
void DescribeThreads(const Symbols& symbols, ThreadList* list);

// Threads that wait for each other in a circle, by position in the list, each for
// the next and the last for the first. A thread is in one circle at most.
std::vector<std::vector<size_t>> FindDeadlocks(const ThreadList& list);

}  // namespace pprofagent::service
