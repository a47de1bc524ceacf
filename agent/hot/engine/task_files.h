// SPDX-License-Identifier: Apache-2.0
//
// What the kernel tells about a thread of this process in /proc/self/task: which
// system call it is blocked in and where its stack is, its name, when it last
// ran. Reading wakes nobody and ends no wait.
//
// For the helper thread: several system calls each, a few microseconds. No
// allocation, errno untouched.
#pragma once

#include <cstddef>
#include <cstdint>

#include "agent/hot/snapshot.h"

namespace pprofagent::hot {

// /proc/self/task, open for the length of a dump.
class TaskFiles {
 public:
  TaskFiles();
  ~TaskFiles();
  TaskFiles(const TaskFiles&) = delete;
  TaskFiles& operator=(const TaskFiles&) = delete;

  bool valid() const { return directory_ >= 0; }

  // Empty if there is none to be had.
  void ReadName(int32_t tid, char (&name)[kThreadNameBytes]) const;
  // Whether the thread blocks the signal; true when in doubt.
  bool Blocks(int32_t tid, int signal) const;
  // When the thread last had a processor, nanoseconds on the scheduler's own
  // clock; 0 if the kernel does not say (CONFIG_SCHED_DEBUG).
  uint64_t ReadLastRan(int32_t tid) const;

 private:
  friend class TaskCallFile;
  int OpenFile(int32_t tid, const char* name) const;
  // Bytes read, without the final line feed; the text is terminated.
  size_t ReadText(int32_t tid, const char* file, char* text, size_t size) const;

  int directory_;
};

// What a thread is doing, as /proc/self/task/T/syscall says.
struct TaskCall {
  enum State : uint8_t {
    kRunning,  // or ready to run
    kBlocked,  // in the system call `number`; -1: outside of any (a page fault, stopped)
    kEnded,    // a main thread that has ended before the others
    kUnknown,  // the file cannot be read
  };
  State state;
  long number;
  uint64_t arguments[6];
  uintptr_t sp;
  uintptr_t pc;

  bool operator==(const TaskCall&) const = default;
};

// False if the text is not of the kernel's form.
bool ParseTaskCall(const char* text, TaskCall* call);

// One thread's file, for several readings.
class TaskCallFile {
 public:
  TaskCallFile(const TaskFiles& files, int32_t tid) : fd_(files.OpenFile(tid, "syscall")) {}
  ~TaskCallFile();
  TaskCallFile(const TaskCallFile&) = delete;
  TaskCallFile& operator=(const TaskCallFile&) = delete;

  TaskCall Read() const;

 private:
  int fd_;
};

}  // namespace pprofagent::hot
