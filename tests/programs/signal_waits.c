// SPDX-License-Identifier: Apache-2.0
//
// A program that blocks all signals and lets them in where it waits, looks for signals
// by all means that there are, and sends itself those that end it. Between the waits
// it works, so that a signal of an agent's timer would be there too.
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t alarms;

static void on_alarm(int signal) {
  (void)signal;
  alarms++;
}

static void work(long milliseconds) {
  struct timespec spent = {0, 0};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
  const long end = spent.tv_sec * 1000 + spent.tv_nsec / 1000000 + milliseconds;
  while (spent.tv_sec * 1000 + spent.tv_nsec / 1000000 < end) {
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
  }
}

static void wait_with_masks(void) {
  sigset_t none;
  sigemptyset(&none);
  const struct timespec ten_ms = {0, 10000000};
  struct epoll_event event;
  const int epoll = epoll_create1(0);
  int ended[5] = {0};
  signal(SIGALRM, on_alarm);
  for (int i = 0; i < 10; i++) {
    work(20);
    ended[0] += ppoll(NULL, 0, &ten_ms, &none) != 0;
    work(20);
    ended[1] += pselect(0, NULL, NULL, NULL, &ten_ms, &none) != 0;
    work(20);
    ended[2] += epoll_pwait(epoll, &event, 1, 10, &none) != 0;
    work(20);
    ended[3] += epoll_pwait2(epoll, &event, 1, &ten_ms, &none) != 0;
    work(20);
    const int before = alarms;
    const struct itimerval soon = {{0, 0}, {0, 20000}};
    setitimer(ITIMER_REAL, &soon, NULL);
    sigsuspend(&none);
    ended[4] += alarms == before;
    while (alarms == before) {
      sigsuspend(&none);
    }
  }
  close(epoll);
  printf("ended early: ppoll %d, pselect %d, epoll_pwait %d, epoll_pwait2 %d, sigsuspend %d\n",
         ended[0], ended[1], ended[2], ended[3], ended[4]);
  printf("no mask: %d\n", ppoll(NULL, 0, &ten_ms, NULL));
}

static void look_for_signals(const sigset_t* all) {
  const struct timespec at_once = {0, 0};
  siginfo_t info;
  work(50);
  printf("taken: %d\n", sigtimedwait(all, &info, &at_once));
  const int descriptor = signalfd(-1, all, SFD_NONBLOCK);
  work(50);
  struct pollfd file = {descriptor, POLLIN, 0};
  printf("readable: %d\n", poll(&file, 1, 50));
  sigset_t pending;
  sigpending(&pending);
  for (int i = 1; i < 65; i++) {
    if (sigismember(&pending, i) == 1) {
      printf("%d is pending\n", i);
    }
  }
  close(descriptor);
  work(50);
  kill(getpid(), SIGUSR2);
  int taken = 0;
  const int error = sigwait(all, &taken);
  printf("sigwait: %d, %d\n", error, taken == SIGUSR2);
  work(50);
  kill(getpid(), SIGUSR2);
  printf("sigwaitinfo: %d\n", sigwaitinfo(all, &info) == SIGUSR2);
  // One that is asked for by its name.
  sigset_t one;
  sigemptyset(&one);
  sigaddset(&one, SIGRTMIN + 5);
  kill(getpid(), SIGRTMIN + 5);
  printf("by name: %d\n", sigtimedwait(&one, &info, &at_once) == SIGRTMIN + 5);
}

static void end_by_signals(void) {
  for (int i = SIGRTMIN; i <= SIGRTMAX; i++) {
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
      kill(getpid(), i);
      _exit(7);
    }
    int status = 0;
    waitpid(child, &status, 0);
    if (!WIFSIGNALED(status) || WTERMSIG(status) != i) {
      printf("%d: status %x\n", i, status);
    }
  }
}

int main(void) {
  end_by_signals();
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, NULL);
  wait_with_masks();
  look_for_signals(&all);
  return 0;
}
