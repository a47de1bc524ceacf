// SPDX-License-Identifier: Apache-2.0
//
// The door of the service part: what agent.cc, which alone wires hot and
// service code, calls at the turning points of a process's life. Everything
// else of service code runs on the helper thread, which is started when there
// is work for it and ends when there is none.
//
//   constructor      ReadOptions, then ActiveIn; if active: the hot part is
//                    initialised with the options, then Start
//   fork, in child   AfterForkInChild (after hot code has put itself in order)
//   end of process   AtExit (exit, _exit, quick_exit, abort: whichever is
//                    seen first; further calls wait for the first to finish)
//
// These functions run on the program's threads. They preserve errno, do not
// throw, are not recorded, and are not async-signal-safe.
#pragma once

#include <pthread.h>

#include "agent/service/options/options.h"

namespace pprofagent::service {

// Reads the PPROFAGENT_ variables out of an environment block (terminated by a
// null pointer; it is not kept). What is wrong with them is remembered and
// logged by Start. The result lives as long as the process. Call once.
const Options& ReadOptions(const char* const* environment);

// Whether the option ONLY names this executable.
bool ActiveIn(const Options& options);

using PthreadCreate = int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);

struct StartInfo {
  // The C library's own: the helper is none of the program's threads.
  PthreadCreate pthread_create;
  // What the option UNWINDER came to ("fp", "libunwind"); profiles name it.
  // Must live as long as the process.
  const char* unwinder;
};

// Claims the signals, starts the CPU profile that the options ask for, logs
// what was wrong with the options. Hot code must be initialised. Call once,
// after ReadOptions.
void Start(const StartInfo& info);

// In the child of a fork, on its only thread. The child is a process of its
// own: its files carry its pid, counting from 0000; a CPU profile started by
// signal is the parent's alone, one started by option goes on into the child's
// own file. Hot code must be usable, the CPU engine in whatever state it likes.
void AfterForkInChild();

// Writes what the options ask for at the end of the process, on a helper
// thread where one can be had, and waits for it, but not for ever.
void AtExit();

}  // namespace pprofagent::service
