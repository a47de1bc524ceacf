// SPDX-License-Identifier: Apache-2.0
//
// Burns CPU time in known places and says how much it was, by the clock of each
// thread: burn_a, burn_b and burn_c in shares of about 50:30:20, from a stack
// of a given depth, in several threads, or in many threads of a few
// milliseconds each.
//
//   cpu_burner THREADS MILLISECONDS DEPTH REPETITIONS [pthread|c11|clone]
//
// Each of THREADS works MILLISECONDS of CPU time and ends; that is repeated. They
// are made by pthread_create, by thrd_create, or by clone as bare as a thread can
// be: it shares its creator's thread-local storage.
// Prints `burn_x NANOSECONDS` for each place and `total NANOSECONDS`.
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

static _Atomic int64_t spent[3];
static int64_t nanoseconds_a_thread;
static int depth;

static int64_t thread_clock(void) {
  struct timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

// Arithmetic only, so that every sample of it lies in the function itself.
#define DEFINE_BURN(name, constant)                    \
  __attribute__((noinline)) void name(int64_t steps) { \
    uint64_t x = constant;                             \
    for (int64_t i = 0; i < steps; i++) {              \
      x = x * 6364136223846793005u + constant;         \
      __asm__ volatile("" : "+r"(x));                  \
    }                                                  \
  }
DEFINE_BURN(burn_a, 1442695040888963407u)
DEFINE_BURN(burn_b, 1442695040888963409u)
DEFINE_BURN(burn_c, 1442695040888963411u)

static void timed(int place, void (*burn)(int64_t), int64_t steps) {
  int64_t start = thread_clock();
  burn(steps);
  atomic_fetch_add(&spent[place], thread_clock() - start);
}

__attribute__((noinline)) static int burn_all(int levels) {
  if (levels > 0) {
    int result = burn_all(levels - 1);
    __asm__ volatile("" : "+r"(result));  // no tail call
    return result + 1;
  }
  int64_t end = thread_clock() + nanoseconds_a_thread;
  while (thread_clock() < end) {
    timed(0, burn_a, 250000);
    timed(1, burn_b, 150000);
    timed(2, burn_c, 100000);
  }
  return 0;
}

static void* work(void* unused) {
  burn_all(depth);
  return unused;
}

static int c11_work(void* unused) {
  work(unused);
  return 0;
}

struct bare {
  _Atomic int tid;  // cleared by the kernel at the thread's end
  char stack[64 * 1024] __attribute__((aligned(16)));
};

union handle {
  pthread_t pthread;
  thrd_t c11;
  struct bare* bare;
};

static int start_bare(struct bare* bare) {
  const int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
                    CLONE_SYSVSEM | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
  return clone(c11_work, bare->stack + sizeof(bare->stack), flags, NULL, &bare->tid, NULL,
               &bare->tid);
}

static int start(const char* kind, union handle* handle) {
  if (strcmp(kind, "c11") == 0) {
    return thrd_create(&handle->c11, c11_work, NULL) == thrd_success;
  }
  if (strcmp(kind, "clone") == 0) {
    handle->bare = calloc(1, sizeof(*handle->bare));
    return start_bare(handle->bare) > 0;
  }
  return pthread_create(&handle->pthread, NULL, work, NULL) == 0;
}

static void join(const char* kind, union handle* handle) {
  if (strcmp(kind, "c11") == 0) {
    thrd_join(handle->c11, NULL);
  } else if (strcmp(kind, "clone") == 0) {
    for (int tid; (tid = handle->bare->tid) != 0;) {
      syscall(SYS_futex, &handle->bare->tid, FUTEX_WAIT, tid, NULL, NULL, 0);
    }
    free(handle->bare);
  } else {
    pthread_join(handle->pthread, NULL);
  }
}

int main(int argc, char** argv) {
  if (argc != 5 && argc != 6) {
    return 2;
  }
  const char* kind = argc == 6 ? argv[5] : "pthread";
  int threads = atoi(argv[1]);
  nanoseconds_a_thread = atol(argv[2]) * 1000000;
  depth = atoi(argv[3]);
  for (int repetition = atoi(argv[4]); repetition > 0; repetition--) {
    union handle handles[64];
    for (int i = 0; i < threads && i < 64; i++) {
      if (!start(kind, &handles[i])) {
        return 1;
      }
    }
    for (int i = 0; i < threads && i < 64; i++) {
      join(kind, &handles[i]);
    }
  }
  struct timespec total;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &total);
  printf("burn_a %ld\nburn_b %ld\nburn_c %ld\ntotal %ld\n", (long)spent[0], (long)spent[1],
         (long)spent[2], total.tv_sec * 1000000000 + total.tv_nsec);
  return 0;
}
