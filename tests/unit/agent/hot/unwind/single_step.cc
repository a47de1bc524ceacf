// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/agent/hot/unwind/single_step.h"

#include <errno.h>

namespace pprofagent::hot {

namespace {

Observer g_observer = nullptr;

void OnTrap(int, siginfo_t*, void* interrupted) {
  const int saved_errno = errno;
  g_observer(interrupted);
  errno = saved_errno;
}

}  // namespace

long StepThrough(long (*function)(long), long argument, Observer observer) {
  struct sigaction action {};
  struct sigaction before {};
  action.sa_sigaction = OnTrap;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  g_observer = observer;
  sigaction(SIGTRAP, &action, &before);
  long result = argument;
  // The trap flag is bit 8 of the flags; the red zone is stepped over.
  asm volatile(
      "lea -128(%%rsp), %%rsp\n\t"
      "pushfq\n\t"
      "orq $0x100, (%%rsp)\n\t"
      "popfq\n\t"
      "lea 128(%%rsp), %%rsp" ::
          : "memory", "cc");
  result = function(result);
  asm volatile(
      "lea -128(%%rsp), %%rsp\n\t"
      "pushfq\n\t"
      "andq $~0x100, (%%rsp)\n\t"
      "popfq\n\t"
      "lea 128(%%rsp), %%rsp" ::
          : "memory", "cc");
  sigaction(SIGTRAP, &before, nullptr);
  return result;
}

}  // namespace pprofagent::hot
