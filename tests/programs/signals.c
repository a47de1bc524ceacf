// SPDX-License-Identifier: Apache-2.0
//
// A program with its own plans for the signals an agent likes: handlers of all
// kinds, dispositions read back, masks, waiting for signals. What it does with
// a signal whose default action would end it is not here: that is where an
// agent may differ.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t simple_calls;
static volatile sig_atomic_t info_calls;
static volatile sig_atomic_t mask_in_handler;

static void simple(int signal) {
  simple_calls += signal == SIGUSR1 || signal == SIGUSR2 || signal == SIGRTMAX;
}

static void with_info(int signal, siginfo_t* info, void* context) {
  sigset_t mask;
  sigprocmask(SIG_BLOCK, NULL, &mask);
  mask_in_handler = sigismember(&mask, SIGTERM) * 2 + sigismember(&mask, signal);
  info_calls += info->si_pid == getpid() && context != NULL;
}

static const char* name_of(void (*handler)(int)) {
  return handler == SIG_DFL   ? "default"
         : handler == SIG_IGN ? "ignore"
         : handler == simple  ? "simple"
                              : "other";
}

static void try_signal(int signal_number) {
  printf("signal %d\n", signal_number);
  struct sigaction old;
  sigaction(signal_number, NULL, &old);
  printf("  at first: %s, flags %x\n", name_of(old.sa_handler), (unsigned)old.sa_flags);

  printf("  signal() returns %s\n", name_of(signal(signal_number, simple)));
  raise(signal_number);
  raise(signal_number);
  printf("  handler ran %d times\n", (int)simple_calls);
  sigaction(signal_number, NULL, &old);
  printf("  now %s, flags %x, restorer %d\n", name_of(old.sa_handler), (unsigned)old.sa_flags,
         old.sa_restorer != NULL);

  struct sigaction action;
  memset(&action, 0, sizeof(action));
  action.sa_sigaction = with_info;
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  sigaddset(&action.sa_mask, SIGTERM);
  sigaction(signal_number, &action, &old);
  printf("  before the last: %s\n", name_of(old.sa_handler));
  kill(getpid(), signal_number);
  printf("  handler with information ran %d times, mask %d\n", (int)info_calls,
         (int)mask_in_handler);
  sigaction(signal_number, NULL, &old);
  printf("  read back: %d, flags %x, mask %d\n", old.sa_sigaction == with_info,
         (unsigned)old.sa_flags, sigismember(&old.sa_mask, SIGTERM));

  memset(&action, 0, sizeof(action));
  action.sa_handler = simple;
  action.sa_flags = SA_RESETHAND | 0x400;  // a bit without a meaning
  sigaction(signal_number, &action, NULL);
  raise(signal_number);
  sigaction(signal_number, NULL, &old);
  printf("  after one time: %s, flags %x, calls %d\n", name_of(old.sa_handler),
         (unsigned)old.sa_flags, (int)simple_calls);

  printf("  ignoring returns %s\n", name_of(signal(signal_number, SIG_IGN)));
  raise(signal_number);
  sigaction(signal_number, NULL, &old);
  printf("  still %s\n", name_of(old.sa_handler));

  signal(signal_number, simple);
  sigset_t set, pending;
  sigemptyset(&set);
  sigaddset(&set, signal_number);
  sigprocmask(SIG_BLOCK, &set, NULL);
  kill(getpid(), signal_number);
  sigpending(&pending);
  struct timespec at_once = {0, 0};
  printf("  blocked: pending %d, taken %d, calls %d\n", sigismember(&pending, signal_number),
         sigtimedwait(&set, NULL, &at_once), (int)simple_calls);
  printf("  none left: %d\n", sigtimedwait(&set, NULL, &at_once) == -1 && errno == EAGAIN);
  sigprocmask(SIG_UNBLOCK, &set, NULL);

  printf("  invalid: %d\n", sigaction(0, NULL, &old) == -1 && errno == EINVAL);
  errno = 0;
  printf("  SIGKILL: %d\n", signal(SIGKILL, simple) == SIG_ERR && errno == EINVAL);
  signal(signal_number, SIG_DFL);
  simple_calls = info_calls = mask_in_handler = 0;
}

int main(void) {
  try_signal(SIGUSR1);
  try_signal(SIGUSR2);
  try_signal(SIGRTMAX);
  sigset_t mask;
  sigprocmask(SIG_BLOCK, NULL, &mask);
  for (int i = 1; i < 65; i++) {
    if (sigismember(&mask, i) == 1) {
      printf("%d is blocked\n", i);
    }
  }
  return 0;
}
