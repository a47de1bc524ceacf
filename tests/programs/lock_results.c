// SPDX-License-Identifier: Apache-2.0
//
// What locks and waits return, in every case that a program can tell apart:
// types of mutexes, refusals, timeouts, wrong timeouts, owners that died,
// cancellation, signals, fork. The output is the same in every run.
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

static const char* name_of(int error) { return error == 0 ? "ok" : strerrorname_np(error); }

static void say(const char* what, int error) { printf("%-44s %s\n", what, name_of(error)); }

// For the functions that set errno: -1 and why. A success must leave it alone.
static void say_errno(const char* what, int result) {
  int error = errno;
  printf("%-44s %d %s\n", what, result, result == 0 && error == 7777 ? "ok" : name_of(error));
}

static struct timespec after(clockid_t clock, long milliseconds) {
  struct timespec time;
  clock_gettime(clock, &time);
  time.tv_nsec += milliseconds % 1000 * 1000000;
  time.tv_sec += milliseconds / 1000 + time.tv_nsec / 1000000000;
  time.tv_nsec %= 1000000000;
  return time;
}

static const struct timespec kWrong = {0, 2000000000};

static void* run_other(void* (*function)(void*), void* argument) {
  pthread_t thread;
  void* result = NULL;
  pthread_create(&thread, NULL, function, argument);
  pthread_join(thread, &result);
  return result;
}

// --- Mutexes --------------------------------------------------------------------

static void* try_from_other(void* mutex) {
  struct timespec soon = after(CLOCK_REALTIME, 20), sooner = after(CLOCK_MONOTONIC, 20);
  int error = pthread_mutex_timedlock(mutex, &soon);
  say("  timedlock elsewhere", error);
  if (error == 0) pthread_mutex_unlock(mutex);
  error = pthread_mutex_clocklock(mutex, CLOCK_MONOTONIC, &sooner);
  say("  clocklock elsewhere", error);
  if (error == 0) pthread_mutex_unlock(mutex);
  say("  trylock elsewhere", pthread_mutex_trylock(mutex));
  say("  timedlock, wrong time", pthread_mutex_timedlock(mutex, &kWrong));
  say("  clocklock, wrong clock", pthread_mutex_clocklock(mutex, CLOCK_PROCESS_CPUTIME_ID, &soon));
  return NULL;
}

static void* unlock_from_other(void* mutex) {
  say("  unlock elsewhere", pthread_mutex_unlock(mutex));
  return NULL;
}

static void* lock_and_end(void* mutex) {
  pthread_mutex_lock(mutex);
  return NULL;
}

static void use_mutex(const char* name, int type, int protocol, int robust, int shared) {
  printf("%s\n", name);
  pthread_mutexattr_t attributes;
  pthread_mutex_t mutex;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_settype(&attributes, type);
  pthread_mutexattr_setprotocol(&attributes, protocol);
  pthread_mutexattr_setrobust(&attributes, robust);
  pthread_mutexattr_setpshared(&attributes, shared);
  say("  init", pthread_mutex_init(&mutex, &attributes));
  say("  lock", pthread_mutex_lock(&mutex));
  run_other(try_from_other, &mutex);
  if (type == PTHREAD_MUTEX_RECURSIVE) {
    say("  lock again", pthread_mutex_lock(&mutex));
    say("  unlock once", pthread_mutex_unlock(&mutex));
  }
  if (type == PTHREAD_MUTEX_ERRORCHECK) {
    say("  lock again", pthread_mutex_lock(&mutex));
    run_other(unlock_from_other, &mutex);
  }
  say("  unlock", pthread_mutex_unlock(&mutex));
  run_other(try_from_other, &mutex);
  pthread_mutex_unlock(&mutex);
  if (robust == PTHREAD_MUTEX_ROBUST) {
    pthread_mutex_init(&mutex, &attributes);
    run_other(lock_and_end, &mutex);
    say("  lock after the owner's end", pthread_mutex_lock(&mutex));
    say("  consistent", pthread_mutex_consistent(&mutex));
    say("  unlock", pthread_mutex_unlock(&mutex));
    run_other(lock_and_end, &mutex);
    struct timespec soon = after(CLOCK_REALTIME, 1000);
    say("  timedlock after the owner's end", pthread_mutex_timedlock(&mutex, &soon));
    say("  unlock, not consistent", pthread_mutex_unlock(&mutex));
    say("  lock of what cannot be recovered", pthread_mutex_lock(&mutex));
  }
  pthread_mutexattr_destroy(&attributes);
}

static void use_mutexes(void) {
  static const struct {
    const char* name;
    int type;
  } kTypes[] = {{"normal", PTHREAD_MUTEX_NORMAL},
                {"recursive", PTHREAD_MUTEX_RECURSIVE},
                {"errorcheck", PTHREAD_MUTEX_ERRORCHECK},
                {"adaptive", PTHREAD_MUTEX_ADAPTIVE_NP}};
  for (size_t i = 0; i < sizeof kTypes / sizeof *kTypes; i++) {
    char name[64];
    for (int variant = 0; variant < 8; variant++) {
      int inherit = variant & 1 ? PTHREAD_PRIO_INHERIT : PTHREAD_PRIO_NONE;
      int robust = variant & 2 ? PTHREAD_MUTEX_ROBUST : PTHREAD_MUTEX_STALLED;
      int shared = variant & 4 ? PTHREAD_PROCESS_SHARED : PTHREAD_PROCESS_PRIVATE;
      snprintf(name, sizeof name, "mutex %s%s%s%s", kTypes[i].name, variant & 1 ? " inherit" : "",
               variant & 2 ? " robust" : "", variant & 4 ? " shared" : "");
      use_mutex(name, kTypes[i].type, inherit, robust, shared);
    }
  }
}

// --- Other locks ----------------------------------------------------------------

static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;

static void* use_rwlock_elsewhere(void* unused) {
  struct timespec soon = after(CLOCK_REALTIME, 20), sooner = after(CLOCK_MONOTONIC, 20);
  int error = pthread_rwlock_timedrdlock(&rwlock, &soon);
  say("  timedrdlock elsewhere", error);
  if (error == 0) pthread_rwlock_unlock(&rwlock);
  error = pthread_rwlock_clockrdlock(&rwlock, CLOCK_MONOTONIC, &sooner);
  say("  clockrdlock elsewhere", error);
  if (error == 0) pthread_rwlock_unlock(&rwlock);
  say("  timedwrlock elsewhere", pthread_rwlock_timedwrlock(&rwlock, &soon));
  say("  clockwrlock elsewhere", pthread_rwlock_clockwrlock(&rwlock, CLOCK_MONOTONIC, &sooner));
  return unused;
}

static void use_rwlocks(void) {
  printf("rwlock\n");
  struct timespec soon = after(CLOCK_REALTIME, 1000);
  say("  timedrdlock, wrong time, free", pthread_rwlock_timedrdlock(&rwlock, &kWrong));
  say("  timedwrlock, wrong time, free", pthread_rwlock_timedwrlock(&rwlock, &kWrong));
  say("  clockrdlock, wrong clock, free",
      pthread_rwlock_clockrdlock(&rwlock, CLOCK_PROCESS_CPUTIME_ID, &soon));
  say("  wrlock", pthread_rwlock_wrlock(&rwlock));
  say("  wrlock again", pthread_rwlock_wrlock(&rwlock));
  say("  rdlock again", pthread_rwlock_rdlock(&rwlock));
  run_other(use_rwlock_elsewhere, NULL);
  say("  unlock", pthread_rwlock_unlock(&rwlock));
  say("  rdlock", pthread_rwlock_rdlock(&rwlock));
  say("  rdlock again", pthread_rwlock_rdlock(&rwlock));
  run_other(use_rwlock_elsewhere, NULL);
  say("  unlock", pthread_rwlock_unlock(&rwlock));
  say("  unlock", pthread_rwlock_unlock(&rwlock));
}

static mtx_t c11_mutex;

static void* use_mtx_elsewhere(void* unused) {
  struct timespec soon = after(CLOCK_REALTIME, 20);
  int result = mtx_timedlock(&c11_mutex, &soon);
  printf("  mtx_timedlock elsewhere %d\n", result == thrd_timedout);
  return unused;
}

static int end_with_42(void* unused) { return unused == NULL ? 42 : 0; }

static void use_c11(void) {
  printf("C11\n");
  mtx_init(&c11_mutex, mtx_timed | mtx_recursive);
  printf("  mtx_lock %d %d\n", mtx_lock(&c11_mutex), mtx_lock(&c11_mutex));
  run_other(use_mtx_elsewhere, NULL);
  printf("  mtx_unlock %d %d\n", mtx_unlock(&c11_mutex), mtx_unlock(&c11_mutex));
  cnd_t condition;
  cnd_init(&condition);
  struct timespec soon = after(CLOCK_REALTIME, 20);
  mtx_lock(&c11_mutex);
  printf("  cnd_timedwait %d\n", cnd_timedwait(&condition, &c11_mutex, &soon) == thrd_timedout);
  mtx_unlock(&c11_mutex);
  thrd_t thread;
  int result = 0;
  thrd_create(&thread, end_with_42, NULL);
  printf("  thrd_join %d", thrd_join(thread, &result));
  printf(" %d\n", result);
}

static void on_signal(int signal) { (void)signal; }

static sem_t semaphore;
static _Atomic int was_interrupted;

static void* interrupt(void* thread) {
  // Again and again: the first may come before the wait.
  for (int i = 0; i < 2000 && !was_interrupted; i++) {
    pthread_kill((pthread_t)thread, SIGUSR2);
    usleep(5000);
  }
  return NULL;
}

static void use_semaphores(void) {
  printf("semaphore\n");
  sem_init(&semaphore, 0, 2);
  struct timespec soon = after(CLOCK_REALTIME, 20), sooner = after(CLOCK_MONOTONIC, 20);
  errno = 7777;
  say_errno("  wait", sem_wait(&semaphore));
  errno = 7777;
  say_errno("  timedwait, wrong time", sem_timedwait(&semaphore, &kWrong));
  errno = 7777;
  say_errno("  clockwait, wrong clock", sem_clockwait(&semaphore, CLOCK_PROCESS_CPUTIME_ID, &soon));
  errno = 7777;
  say_errno("  timedwait", sem_timedwait(&semaphore, &soon));
  say_errno("  timedwait", sem_timedwait(&semaphore, &soon));
  say_errno("  clockwait", sem_clockwait(&semaphore, CLOCK_MONOTONIC, &sooner));
  struct sigaction action = {.sa_handler = on_signal};
  sigaction(SIGUSR2, &action, NULL);
  pthread_t interrupter;
  pthread_create(&interrupter, NULL, interrupt, (void*)pthread_self());
  say_errno("  wait, interrupted", sem_wait(&semaphore));
  was_interrupted = 1;
  pthread_join(interrupter, NULL);
}

static void use_conditions(void) {
  printf("condition\n");
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
  struct timespec soon = after(CLOCK_REALTIME, 20), sooner = after(CLOCK_MONOTONIC, 20);
  pthread_mutex_lock(&mutex);
  say("  timedwait", pthread_cond_timedwait(&condition, &mutex, &soon));
  say("  timedwait, wrong time", pthread_cond_timedwait(&condition, &mutex, &kWrong));
  say("  clockwait", pthread_cond_clockwait(&condition, &mutex, CLOCK_MONOTONIC, &sooner));
  say("  mutex is held", pthread_mutex_trylock(&mutex));
  pthread_mutex_unlock(&mutex);
}

// --- Cancellation ---------------------------------------------------------------

static pthread_mutex_t cancel_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cancel_condition = PTHREAD_COND_INITIALIZER;
static pthread_t never_ending;
static _Atomic int is_ready, is_cleaned, is_cancelled;
static long locks_made;

static void clean(void* mutex) {
  is_cleaned++;
  if (mutex != NULL) pthread_mutex_unlock(mutex);
}

static void* wait_for_condition(void* unused) {
  pthread_mutex_lock(&cancel_mutex);
  pthread_cleanup_push(clean, &cancel_mutex);
  is_ready = 1;
  for (;;) pthread_cond_wait(&cancel_condition, &cancel_mutex);
  pthread_cleanup_pop(1);
  return unused;
}

static void* wait_for_condition_until(void* unused) {
  struct timespec late = after(CLOCK_REALTIME, 3600 * 1000);
  pthread_mutex_lock(&cancel_mutex);
  pthread_cleanup_push(clean, &cancel_mutex);
  is_ready = 1;
  for (;;) pthread_cond_timedwait(&cancel_condition, &cancel_mutex, &late);
  pthread_cleanup_pop(1);
  return unused;
}

static void* wait_for_semaphore(void* semaphore_) {
  pthread_cleanup_push(clean, NULL);
  is_ready = 1;
  while (sem_wait(semaphore_) != 0) {
  }
  pthread_cleanup_pop(1);
  return NULL;
}

// Never blocks, but must be seen to be a cancellation point.
static void* take_what_is_there(void* semaphore_) {
  pthread_cleanup_push(clean, NULL);
  is_ready = 1;
  for (;;) {
    sem_post(semaphore_);
    sem_wait(semaphore_);
  }
  pthread_cleanup_pop(1);
  return NULL;
}

// No cancellation point: must go on until it asks.
static void* lock_and_unlock(void* mutex) {
  pthread_cleanup_push(clean, NULL);
  is_ready = 1;
  while (!is_cancelled) sched_yield();
  for (locks_made = 0; locks_made < 1000; locks_made++) {
    pthread_mutex_lock(mutex);
    pthread_mutex_unlock(mutex);
  }
  pthread_testcancel();
  pthread_cleanup_pop(1);
  return NULL;
}

static void* sleep_for_ever(void* unused) {
  for (;;) pause();
  return unused;
}

static void* join_never_ending(void* unused) {
  pthread_cleanup_push(clean, NULL);
  is_ready = 1;
  pthread_join(never_ending, NULL);
  pthread_cleanup_pop(1);
  return unused;
}

static void cancel(const char* what, void* (*function)(void*), void* argument) {
  pthread_t thread;
  void* result = NULL;
  is_ready = is_cleaned = is_cancelled = 0;
  pthread_create(&thread, NULL, function, argument);
  while (!is_ready) sched_yield();
  usleep(2000);
  pthread_cancel(thread);
  is_cancelled = 1;
  pthread_join(thread, &result);
  int error = pthread_mutex_trylock(&cancel_mutex);
  if (error == 0) pthread_mutex_unlock(&cancel_mutex);
  printf("  %-30s canceled %d cleaned %d mutex %s\n", what, result == PTHREAD_CANCELED, is_cleaned,
         name_of(error));
}

static void use_cancellation(void) {
  printf("cancellation\n");
  sem_t empty;
  sem_init(&empty, 0, 0);
  pthread_create(&never_ending, NULL, sleep_for_ever, NULL);
  cancel("cond_wait", wait_for_condition, NULL);
  cancel("cond_timedwait", wait_for_condition_until, NULL);
  cancel("sem_wait", wait_for_semaphore, &empty);
  cancel("sem_wait that never blocks", take_what_is_there, &empty);
  cancel("mutex_lock", lock_and_unlock, &cancel_mutex);
  printf("  locks made before %ld\n", locks_made);
  cancel("join", join_never_ending, NULL);
  pthread_cancel(never_ending);
  pthread_join(never_ending, NULL);
}

// --- Fork -----------------------------------------------------------------------

static pthread_mutex_t forked = PTHREAD_MUTEX_INITIALIZER;
static _Atomic int stop;

static void before_fork(void) { pthread_mutex_lock(&forked); }
static void after_fork(void) { pthread_mutex_unlock(&forked); }

static void* contend(void* unused) {
  while (!stop) {
    pthread_mutex_lock(&forked);
    for (volatile int i = 0; i < 100; i++) {
    }
    pthread_mutex_unlock(&forked);
  }
  return unused;
}

static void use_fork(void) {
  pthread_t threads[3];
  pthread_atfork(before_fork, after_fork, after_fork);
  for (int i = 0; i < 3; i++) pthread_create(&threads[i], NULL, contend, NULL);
  int good = 0;
  for (int i = 0; i < 20; i++) {
    pid_t child = fork();
    if (child == 0) {
      alarm(30);
      for (int turn = 0; turn < 1000; turn++) {
        pthread_mutex_lock(&forked);
        pthread_mutex_unlock(&forked);
      }
      _exit(17);
    }
    int status = 0;
    waitpid(child, &status, 0);
    good += WIFEXITED(status) && WEXITSTATUS(status) == 17;
  }
  stop = 1;
  for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
  printf("forks while contended %d\n", good);
}

// Between processes: the parent waits for what the child holds.
static void use_shared_mutex(void) {
  pthread_mutex_t* shared =
      mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_init(shared, &attributes);
  int pipe_ends[2];
  if (pipe(pipe_ends) != 0) return;
  pid_t child = fork();
  char byte = 0;
  if (child == 0) {
    pthread_mutex_lock(shared);
    if (write(pipe_ends[1], &byte, 1) != 1) _exit(1);
    usleep(20000);
    _exit(0);
  }
  if (read(pipe_ends[0], &byte, 1) != 1) return;
  say("mutex of a process that ended", pthread_mutex_lock(shared));
  waitpid(child, NULL, 0);
}

static void use_barrier(void) {
  pthread_barrier_t barrier;
  pthread_barrier_init(&barrier, NULL, 1);
  printf("barrier %d\n", pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD);
  struct timespec soon = after(CLOCK_REALTIME, 20), sooner = after(CLOCK_MONOTONIC, 20);
  pthread_t thread;
  pthread_create(&thread, NULL, sleep_for_ever, NULL);
  say("timedjoin", pthread_timedjoin_np(thread, NULL, &soon));
  say("clockjoin", pthread_clockjoin_np(thread, NULL, CLOCK_MONOTONIC, &sooner));
  pthread_cancel(thread);
  say("join", pthread_join(thread, NULL));
  say("join of oneself", pthread_join(pthread_self(), NULL));
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  use_mutexes();
  use_rwlocks();
  use_c11();
  use_semaphores();
  use_conditions();
  use_cancellation();
  use_barrier();
  use_shared_mutex();
  use_fork();
  return 0;
}
