// SPDX-License-Identifier: Apache-2.0
//
// dump_target THREADS: that many threads, 25 frames deep in ten kinds of calls
// that wait, and one that is never at rest and looks for the moments it was
// stopped: by the clock on the wall, which also sees it wait for a processor, and
// by its own, which sees only what was done on it (a signal's handler). "ready"
// when all are there; each line of the input is answered by the longest stop
// since the last one by either clock, in microseconds, and by how many calls have
// returned.
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER, idle = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t never = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t written = PTHREAD_RWLOCK_INITIALIZER;
static sem_t empty;
static int pipe_ends[2], sockets[2], epoll_fd;
static atomic_int arrived, returned;
static _Atomic uint64_t longest, longest_own;

static uint64_t now(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static void wait_somehow(int kind) {
  struct epoll_event event;
  struct pollfd descriptor = {pipe_ends[0], POLLIN, 0};
  const struct timespec hour = {3600, 0};
  fd_set set;
  char byte;
  atomic_fetch_add(&arrived, 1);
  switch (kind) {
    case 0:
      pthread_mutex_lock(&held);
      break;
    case 1:
      pthread_mutex_lock(&idle);
      pthread_cond_wait(&never, &idle);
      break;
    case 2:
      sem_wait(&empty);
      break;
    case 3:
      pthread_rwlock_rdlock(&written);
      break;
    case 4:
      nanosleep(&hour, NULL);
      break;
    case 5:
      poll(&descriptor, 1, -1);
      break;
    case 6:
      epoll_wait(epoll_fd, &event, 1, -1);
      break;
    case 7:
      recv(sockets[0], &byte, 1, 0);
      break;
    case 8:
      FD_ZERO(&set);
      FD_SET(pipe_ends[0], &set);
      select(pipe_ends[0] + 1, &set, NULL, NULL, NULL);
      break;
    default:
      if (read(pipe_ends[0], &byte, 1) < 0) break;
  }
  atomic_fetch_add(&returned, 1);
}

__attribute__((noinline)) static void descend(int depth, int kind) {
  if (depth > 0) {
    descend(depth - 1, kind);
  } else {
    wait_somehow(kind);
  }
  __asm__ volatile("");  // else the call would be a jump
}

static void* run(void* kind) {
  descend(20, (int)(intptr_t)kind);
  return NULL;
}

static void keep_longest(_Atomic uint64_t* kept, uint64_t span) {
  if (span > atomic_load_explicit(kept, memory_order_relaxed))
    atomic_store_explicit(kept, span, memory_order_relaxed);
}

static void* look_at_clocks(void* unused) {
  uint64_t last = now(CLOCK_MONOTONIC), last_own = now(CLOCK_THREAD_CPUTIME_ID);
  for (;;) {
    const uint64_t time = now(CLOCK_MONOTONIC), own = now(CLOCK_THREAD_CPUTIME_ID);
    keep_longest(&longest, time - last);
    keep_longest(&longest_own, own - last_own);
    last = time;
    last_own = own;
  }
  return unused;
}

int main(int argc, char** argv) {
  const int threads = argc > 1 ? atoi(argv[1]) : 200;
  pthread_t thread;
  pthread_attr_t small;
  struct epoll_event event = {EPOLLIN, {NULL}};
  if (pipe(pipe_ends) != 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) != 0) return 1;
  epoll_fd = epoll_create1(0);
  epoll_ctl(epoll_fd, EPOLL_CTL_ADD, pipe_ends[0], &event);
  sem_init(&empty, 0, 0);
  pthread_mutex_lock(&held);
  pthread_rwlock_wrlock(&written);
  pthread_attr_init(&small);
  pthread_attr_setstacksize(&small, 128 << 10);
  for (int i = 0; i < threads; i++)
    if (pthread_create(&thread, &small, run, (void*)(intptr_t)(i % 10)) != 0) return 1;
  pthread_create(&thread, &small, look_at_clocks, NULL);
  while (atomic_load(&arrived) < threads) sched_yield();
  puts("ready");
  fflush(stdout);
  while (getchar() != EOF) {
    printf("%.1f %.1f %d\n", (double)atomic_exchange(&longest, 0) / 1e3,
           (double)atomic_exchange(&longest_own, 0) / 1e3, atomic_load(&returned));
    fflush(stdout);
  }
  return 0;
}
