// SPDX-License-Identifier: Apache-2.0
//
// Obeys commands on its standard input, so that a test decides what happens
// when: each line is answered by one line on the standard output.
//
//   allocate BYTES   a block that stays (from allocate_block)
//   free             all blocks
//   churn BYTES      a block that is written to and freed at once
//   burn MS          CPU time (in burn_cpu)
//   threads N        as many threads that wait
//   contend N        waits N times for a mutex that another thread holds for 1 ms
//   holes N          N blocks of 8 KiB, all but the last one freed again
//   clone MS         CPU time (in burn_in_clone) of a thread made by clone
//   condition        waits for ever, for a condition
//   unshare          a user namespace of its own; answers 0 or the error
//   fork             a child that obeys the rest of the input; answers its pid
//   pid              the process id
//   chdir-root       into /
//   close            all descriptors from 3 on
//   exit STATUS      by exit; _exit STATUS and abort likewise
//   handler          installs a handler of SIGUSR1; calls answers its count
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void* blocks[4096];
static int block_count;
static volatile sig_atomic_t calls;

static void on_signal(int signal) {
  (void)signal;
  calls++;
}

__attribute__((noinline)) static void* allocate_block(size_t size) {
  void* block = malloc(size);
  __asm__ volatile("" : "+r"(block));  // no tail call
  return block;
}

__attribute__((noinline)) static void burn_cpu(long milliseconds) {
  clock_t end = clock() + milliseconds * (CLOCKS_PER_SEC / 1000);
  while (clock() < end) {
    for (volatile int i = 0; i < 100000; i++) {
    }
  }
}

static long clone_milliseconds;

__attribute__((noinline)) static int burn_in_clone(void* unused) {
  (void)unused;
  struct timespec spent = {0, 0};
  while (spent.tv_sec * 1000 + spent.tv_nsec / 1000000 < clone_milliseconds) {
    for (volatile int i = 0; i < 100000; i++) {
    }
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
  }
  return 0;
}

static void run_clone(void) {
  static char stack[64 * 1024] __attribute__((aligned(16)));
  static volatile int tid;
  const int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
                    CLONE_SYSVSEM | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
  clone(burn_in_clone, stack + sizeof(stack), flags, NULL, &tid, NULL, &tid);
  for (int now; (now = tid) != 0;) {
    syscall(SYS_futex, &tid, FUTEX_WAIT, now, NULL, NULL, 0);
  }
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static sem_t is_held, go_on;

static void* hold_mutex(void* rounds) {
  const struct timespec moment = {0, 1000000};
  for (long i = 0; i < (long)rounds; i++) {
    pthread_mutex_lock(&mutex);
    sem_post(&is_held);
    nanosleep(&moment, NULL);
    pthread_mutex_unlock(&mutex);
    sem_wait(&go_on);
  }
  return NULL;
}

__attribute__((noinline)) static void contend(long rounds) {
  pthread_t holder;
  sem_init(&is_held, 0, 0);
  sem_init(&go_on, 0, 0);
  pthread_create(&holder, NULL, hold_mutex, (void*)rounds);
  for (long i = 0; i < rounds; i++) {
    sem_wait(&is_held);
    pthread_mutex_lock(&mutex);
    pthread_mutex_unlock(&mutex);
    sem_post(&go_on);
  }
  pthread_join(holder, NULL);
}

__attribute__((noinline)) static void leave_holes(long count) {
  void** taken = malloc((size_t)count * sizeof(*taken));
  for (long i = 0; i < count; i++) {
    taken[i] = allocate_block(8192);
    memset(taken[i], 1, 8192);
  }
  while (--count > 0) free(taken[count - 1]);
  free(taken);
}

static void* wait_for_ever(void* unused) {
  for (;;) {
    pause();
  }
  return unused;
}

int main(void) {
  char line[256], word[32];
  // Unbuffered input: a child must see the lines its parent did not read.
  setvbuf(stdin, NULL, _IONBF, 0);
  setvbuf(stdout, NULL, _IOLBF, 0);
  while (fgets(line, sizeof(line), stdin) != NULL) {
    long value = 0;
    if (sscanf(line, "%31s %ld", word, &value) < 1) {
      continue;
    }
    if (strcmp(word, "allocate") == 0) {
      blocks[block_count++ % 4096] = allocate_block((size_t)value);
      puts("allocated");
    } else if (strcmp(word, "free") == 0) {
      while (block_count > 0) {
        free(blocks[--block_count]);
      }
      puts("freed");
    } else if (strcmp(word, "churn") == 0) {
      void* block = allocate_block((size_t)value);
      memset(block, 1, (size_t)value);
      free(block);
      puts("churned");
    } else if (strcmp(word, "burn") == 0) {
      burn_cpu(value);
      puts("burnt");
    } else if (strcmp(word, "threads") == 0) {
      for (pthread_t thread; value > 0; value--) {
        pthread_create(&thread, NULL, wait_for_ever, NULL);
      }
      puts("started");
    } else if (strcmp(word, "contend") == 0) {
      contend(value);
      puts("contended");
    } else if (strcmp(word, "holes") == 0) {
      leave_holes(value);
      puts("left");
    } else if (strcmp(word, "clone") == 0) {
      clone_milliseconds = value;
      run_clone();
      puts("burnt");
    } else if (strcmp(word, "condition") == 0) {
      puts("waiting");
      static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
      static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
      pthread_mutex_lock(&mutex);
      for (;;) {
        pthread_cond_wait(&condition, &mutex);
      }
    } else if (strcmp(word, "unshare") == 0) {
      printf("%s\n", unshare(CLONE_NEWUSER) == 0 ? "0" : strerrorname_np(errno));
    } else if (strcmp(word, "fork") == 0) {
      pid_t child = fork();
      if (child != 0) {
        int status = 0;
        waitpid(child, &status, 0);
        printf("child ended %d\n", status);
      } else {
        printf("%d\n", getpid());
      }
    } else if (strcmp(word, "pid") == 0) {
      printf("%d\n", getpid());
    } else if (strcmp(word, "chdir-root") == 0) {
      puts(chdir("/") == 0 ? "done" : "failed");
    } else if (strcmp(word, "close") == 0) {
      for (int fd = 3; fd < 4096; fd++) {
        close(fd);
      }
      puts("closed");
    } else if (strcmp(word, "handler") == 0) {
      signal(SIGUSR1, on_signal);
      puts("installed");
    } else if (strcmp(word, "calls") == 0) {
      printf("%d\n", (int)calls);
    } else if (strcmp(word, "exit") == 0) {
      exit((int)value);
    } else if (strcmp(word, "_exit") == 0) {
      _exit((int)value);
    } else if (strcmp(word, "abort") == 0) {
      abort();
    } else {
      puts("unknown command");
    }
  }
  return 0;
}
