// SPDX-License-Identifier: Apache-2.0
//
// pthread_create and C11's thrd_create, which calls the former inside libc, past
// us. The program's thread begins in Enter, which tells the thread engine and
// goes on to the program's routine by a tail call: no frame of ours stays on the
// stack, the thread's stack looks as it does without us.
//
// Unversioned on purpose: programs ask for pthread_create@GLIBC_2.2.5 or
// @GLIBC_2.34, and an unversioned definition serves both.
#include <pthread.h>
#include <threads.h>

#include "agent/hot/hooks.h"
#include "agent/hot/rt/real.h"
#include "preload/export.h"

namespace pprofagent::preload {

namespace {

using Routine = void* (*)(void*);

void* Enter(void* start) {
  const hot::ThreadEntry entry = hot::EnterThread(static_cast<hot::ThreadStart*>(start));
  return entry.start(entry.argument);
}

// The engines keep one kind of routine; the detour by a function of no kind says
// that the types differ on purpose.
template <typename To, typename From>
To RoutineAs(From routine) {
  return reinterpret_cast<To>(reinterpret_cast<void (*)()>(routine));
}

int EnterC11(void* start) {
  const hot::ThreadEntry entry = hot::EnterThread(static_cast<hot::ThreadStart*>(start));
  return RoutineAs<thrd_start_t>(entry.start)(entry.argument);
}

}  // namespace

PPROFAGENT_INTERPOSE int pthread_create(pthread_t* thread, const pthread_attr_t* attributes,
                                        void* (*routine)(void*), void* argument) {
  hot::ThreadCreationBegins();
  hot::ThreadStart* start = hot::PrepareThread(routine, argument, attributes, CallerRegisters());
  if (start == nullptr) {
    return hot::g_real_other.pthread_create(thread, attributes, routine, argument);
  }
  const int error = hot::g_real_other.pthread_create(thread, attributes, Enter, start);
  if (error != 0) hot::AbandonThread(start);
  return error;
}

PPROFAGENT_INTERPOSE int thrd_create(thrd_t* thread, thrd_start_t routine, void* argument) {
  hot::ResolveRealFunctions();
  hot::ThreadCreationBegins();
  hot::ThreadStart* start =
      hot::PrepareThread(RoutineAs<Routine>(routine), argument, nullptr, CallerRegisters());
  if (start == nullptr) return hot::g_real_other.thrd_create(thread, routine, argument);
  const int result = hot::g_real_other.thrd_create(thread, EnterC11, start);
  if (result != thrd_success) hot::AbandonThread(start);
  return result;
}

}  // namespace pprofagent::preload
