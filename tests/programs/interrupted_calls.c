// SPDX-License-Identifier: Apache-2.0
//
// How many calls that wait end by a signal:
//
//   work        in a program that works and waits in turn
//   signalled   while another process sends SIGUSR1 all the time (for which the
//               program has no handler: bare it would end)
//   handled     after SIGUSR1, for which the program has a handler, came while libc
//               was at work
#include <errno.h>
#include <poll.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { kFiles = 900 };

static struct pollfd files[kFiles];
static int epoll;
static sem_t semaphore;
static volatile sig_atomic_t calls;

static void on_signal(int signal) {
  (void)signal;
  calls++;
}

static int ended_early(int milliseconds) {
  int ended = 0;
  const struct timespec time = {0, milliseconds * 1000000L};
  struct timespec rest = time;
  ended += nanosleep(&rest, &rest) != 0;
  ended += poll(files, kFiles, milliseconds) < 0;
  ended += ppoll(files, kFiles, &time, NULL) < 0;
  struct epoll_event event;
  ended += epoll_wait(epoll, &event, 1, milliseconds) < 0;
  struct timespec end;
  clock_gettime(CLOCK_REALTIME, &end);
  end.tv_nsec += time.tv_nsec;
  end.tv_sec += end.tv_nsec / 1000000000;
  end.tv_nsec %= 1000000000;
  ended += sem_timedwait(&semaphore, &end) != 0 && errno == EINTR;
  return ended;
}

static int during_work(void) {
  int ended = 0;
  for (int i = 0; i < 30; i++) {
    ended += ended_early(1);
    for (int k = 0; k < 2000; k++) {
      ended += poll(files, kFiles, 0) < 0;
    }
  }
  return ended;
}

static int while_signalled(void) {
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child == 0) {
    const struct timespec pause = {0, 2000000};
    for (int i = 0; i < 200; i++) {
      kill(parent, SIGUSR1);
      nanosleep(&pause, NULL);
    }
    _exit(0);
  }
  int ended = 0;
  for (int i = 0; i < 5; i++) {
    ended += ended_early(20);
  }
  while (waitpid(child, NULL, 0) < 0) {
    ended++;
  }
  return ended;
}

static int after_a_signal(void) {
  signal(SIGUSR1, on_signal);
  int ended = 0;
  for (int i = 0; i < 5; i++) {
    const int before = calls;
    const pid_t parent = getpid();
    const pid_t child = fork();
    if (child == 0) {
      kill(parent, SIGUSR1);
      _exit(0);
    }
    static char text[5000];
    while (calls == before) {
      snprintf(text, sizeof(text), "%4000d", i);
    }
    while (waitpid(child, NULL, 0) < 0) {
      ended++;
    }
    ended += ended_early(30);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    const struct timespec thirty_ms = {0, 30000000};
    ended += sigtimedwait(&set, NULL, &thirty_ms) != -1 || errno != EAGAIN;
    sigprocmask(SIG_UNBLOCK, &set, NULL);
  }
  return ended + (calls != 5);
}

int main(int count, char** arguments) {
  const char* mode = count > 1 ? arguments[1] : "work";
  int pipes[2];
  if (pipe(pipes) != 0) {
    return 1;
  }
  for (int i = 0; i < kFiles; i++) {
    files[i].fd = pipes[0];
    files[i].events = POLLIN;
  }
  epoll = epoll_create1(0);
  sem_init(&semaphore, 0, 0);
  const int ended = strcmp(mode, "signalled") == 0 ? while_signalled()
                    : strcmp(mode, "handled") == 0 ? after_a_signal()
                                                   : during_work();
  printf("%d calls ended early\n", ended);
  return 0;
}
