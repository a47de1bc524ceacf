// SPDX-License-Identifier: Apache-2.0
//
// Threads in every kind of call that blocks, for the thread dump: it must find
// them all and end none of their calls early.
//
//   blocked       each thread is in one call that nothing ends; commands on the
//                 standard input: `returned` answers how many calls have returned
//                 and which; the end of the input ends the program
//   blocked short each thread makes its call again and again, with a time limit
//                 of 0.2 ms; `interrupted` answers how often one failed with EINTR
//   blocked lock  two threads wait for each other's mutex
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

static const struct timespec kHour = {3600, 0};

static int pipe_ends[2], sockets[2], listener, event_fd, timer_fd, watch_fd, epoll_fd, lock_fd;
static int queue, semaphores;
static sem_t empty;
static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER, idle = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t never = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t written = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t barrier;
static pthread_t endless;
static pid_t child;
static sigset_t one_signal;

static struct timespec in(clockid_t clock, struct timespec span) {
  struct timespec now;
  clock_gettime(clock, &now);
  now.tv_sec += span.tv_sec;
  now.tv_nsec += span.tv_nsec;
  if (now.tv_nsec >= 1000000000) {
    now.tv_sec++;
    now.tv_nsec -= 1000000000;
  }
  return now;
}

static void call_nanosleep(void) { nanosleep(&kHour, NULL); }
static void call_usleep(void) { usleep(3600u * 1000000u); }
static void call_sleep(void) { sleep(3600); }
static void call_clock_nanosleep(void) {
  struct timespec end = in(CLOCK_MONOTONIC, kHour);
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL);
}
static void call_thrd_sleep(void) { thrd_sleep(&kHour, NULL); }
static void call_poll(void) { poll(NULL, 0, 3600000); }
static void call_ppoll(void) { ppoll(NULL, 0, &kHour, NULL); }
static void call_select(void) {
  struct timeval hour = {3600, 0};
  select(0, NULL, NULL, NULL, &hour);
}
static void call_pselect(void) { pselect(0, NULL, NULL, NULL, &kHour, NULL); }
static void call_epoll_wait(void) {
  struct epoll_event event;
  epoll_wait(epoll_fd, &event, 1, 3600000);
}
static void call_sem_wait(void) { sem_wait(&empty); }
static void call_sem_timedwait(void) {
  struct timespec end = in(CLOCK_REALTIME, kHour);
  sem_timedwait(&empty, &end);
}
static void call_recv(void) {
  char byte;
  recv(sockets[0], &byte, 1, 0);
}
static void call_recv_with_limit(void) {
  char byte;
  recv(sockets[1], &byte, 1, 0);
}
static void call_accept(void) { accept(listener, NULL, NULL); }
static void call_sigtimedwait(void) { sigtimedwait(&one_signal, NULL, &kHour); }
static void call_msgrcv(void) {
  struct {
    long type;
    char text[8];
  } message;
  msgrcv(queue, &message, sizeof(message.text), 1, 0);
}
static void call_semtimedop(void) {
  struct sembuf take = {0, -1, 0};
  semtimedop(semaphores, &take, 1, &kHour);
}
static void read_byte(int fd) {
  char bytes[64];
  (void)!read(fd, bytes, sizeof(bytes));
}
static void call_read_pipe(void) { read_byte(pipe_ends[0]); }
static void call_read_eventfd(void) { read_byte(event_fd); }
static void call_read_timerfd(void) { read_byte(timer_fd); }
static void call_read_inotify(void) { read_byte(watch_fd); }
static void call_flock(void) { flock(lock_fd, LOCK_EX); }
static void call_waitpid(void) { waitpid(child, NULL, 0); }
static void call_join(void) { pthread_join(endless, NULL); }
static void call_cond_wait(void) {
  pthread_mutex_lock(&idle);
  pthread_cond_wait(&never, &idle);
}
static void call_cond_timedwait(void) {
  struct timespec end = in(CLOCK_REALTIME, kHour);
  pthread_mutex_lock(&idle);
  pthread_cond_timedwait(&never, &idle, &end);
}
static void call_mutex_lock(void) { pthread_mutex_lock(&held); }
static void call_rdlock(void) { pthread_rwlock_rdlock(&written); }
static void call_wrlock(void) { pthread_rwlock_wrlock(&written); }
static void call_barrier(void) { pthread_barrier_wait(&barrier); }
static void call_sigsuspend(void) {
  sigset_t mask;
  pthread_sigmask(SIG_SETMASK, NULL, &mask);
  sigsuspend(&mask);
}

static struct call {
  const char* name;
  void (*run)(void);
  _Atomic pid_t tid;
  atomic_int returned;
} calls[] = {
    {"nanosleep", call_nanosleep, 0, 0},
    {"usleep", call_usleep, 0, 0},
    {"sleep", call_sleep, 0, 0},
    {"clock_nanosleep", call_clock_nanosleep, 0, 0},
    {"thrd_sleep", call_thrd_sleep, 0, 0},
    {"poll", call_poll, 0, 0},
    {"ppoll", call_ppoll, 0, 0},
    {"select", call_select, 0, 0},
    {"pselect", call_pselect, 0, 0},
    {"epoll_wait", call_epoll_wait, 0, 0},
    {"sem_wait", call_sem_wait, 0, 0},
    {"sem_timedwait", call_sem_timedwait, 0, 0},
    {"recv", call_recv, 0, 0},
    {"recv_limited", call_recv_with_limit, 0, 0},
    {"accept", call_accept, 0, 0},
    {"sigtimedwait", call_sigtimedwait, 0, 0},
    {"msgrcv", call_msgrcv, 0, 0},
    {"semtimedop", call_semtimedop, 0, 0},
    {"read_pipe", call_read_pipe, 0, 0},
    {"read_eventfd", call_read_eventfd, 0, 0},
    {"read_timerfd", call_read_timerfd, 0, 0},
    {"read_inotify", call_read_inotify, 0, 0},
    {"flock", call_flock, 0, 0},
    {"waitpid", call_waitpid, 0, 0},
    {"join", call_join, 0, 0},
    {"cond_wait", call_cond_wait, 0, 0},
    {"cond_timedwait", call_cond_timedwait, 0, 0},
    {"mutex_lock", call_mutex_lock, 0, 0},
    {"rwlock_rdlock", call_rdlock, 0, 0},
    {"rwlock_wrlock", call_wrlock, 0, 0},
    {"barrier", call_barrier, 0, 0},
    {"sigsuspend", call_sigsuspend, 0, 0},
};
enum { kCalls = sizeof(calls) / sizeof(calls[0]) };

// The signals of tests go to the main thread.
static void leave_signals_to_main(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigaddset(&set, SIGUSR2);
  pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static void* wait_for_ever(void* unused) {
  leave_signals_to_main();
  for (;;) pause();
  return unused;
}

static void* block(void* argument) {
  struct call* call = argument;
  leave_signals_to_main();
  pthread_setname_np(pthread_self(), call->name);
  call->tid = (pid_t)syscall(SYS_gettid);
  call->run();
  call->returned = 1;
  return wait_for_ever(NULL);
}

static void prepare(void) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};  // bound to a name of the kernel's choice
  struct timeval hour = {3600, 0};
  int other[2];
  if (pipe(pipe_ends) != 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) != 0 ||
      socketpair(AF_UNIX, SOCK_STREAM, 0, other) != 0) {
    exit(3);
  }
  sockets[1] = other[0];
  setsockopt(sockets[1], SOL_SOCKET, SO_RCVTIMEO, &hour, sizeof(hour));
  listener = socket(AF_UNIX, SOCK_STREAM, 0);
  bind(listener, (struct sockaddr*)&address, sizeof(address.sun_family));
  listen(listener, 1);
  event_fd = eventfd(0, 0);
  timer_fd = timerfd_create(CLOCK_MONOTONIC, 0);
  watch_fd = inotify_init();
  epoll_fd = epoll_create1(0);
  FILE* file = tmpfile();
  char path[64];
  snprintf(path, sizeof(path), "/proc/self/fd/%d", fileno(file));
  flock(fileno(file), LOCK_EX);
  lock_fd = open(path, O_RDWR);
  queue = msgget(IPC_PRIVATE, 0600);
  semaphores = semget(IPC_PRIVATE, 1, 0600);
  sem_init(&empty, 0, 0);
  pthread_mutex_lock(&held);
  pthread_rwlock_wrlock(&written);
  pthread_barrier_init(&barrier, NULL, 2);
  sigemptyset(&one_signal);
  sigaddset(&one_signal, SIGURG);
  child = fork();
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) pause();
  }
  pthread_create(&endless, NULL, wait_for_ever, NULL);
}

static void finish(void) {
  if (child > 0) kill(child, SIGKILL);
  msgctl(queue, IPC_RMID, NULL);
  semctl(semaphores, 0, IPC_RMID);
  _exit(0);
}

// A thread is in its call when the kernel says that it sleeps.
static int is_asleep(pid_t tid) {
  char path[64], text[512] = "";
  snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
  FILE* file = fopen(path, "r");
  if (file == NULL || fgets(text, sizeof(text), file) == NULL) exit(3);
  fclose(file);
  const char* state = strrchr(text, ')');
  return state != NULL && state[2] == 'S';
}

static void run_long(void) {
  prepare();
  for (int i = 0; i < kCalls; i++) {
    pthread_t thread;
    pthread_create(&thread, NULL, block, &calls[i]);
  }
  for (int i = 0; i < kCalls; i++) {
    while (calls[i].tid == 0 || !is_asleep(calls[i].tid)) sched_yield();
  }
  printf("blocked %d\n", kCalls);
  char line[64];
  while (fgets(line, sizeof(line), stdin) != NULL) {
    int count = 0;
    for (int i = 0; i < kCalls; i++) count += calls[i].returned;
    printf("%d", count);
    for (int i = 0; i < kCalls; i++) {
      if (calls[i].returned) printf(" %s", calls[i].name);
    }
    puts("");
  }
  finish();
}

static atomic_long interrupted, made;

static int short_poll(void) {
  struct timespec limit = {0, 200000};
  return ppoll(NULL, 0, &limit, NULL);
}
static int short_sleep(void) {
  struct timespec limit = {0, 200000};
  return nanosleep(&limit, NULL);
}
static int short_select(void) {
  struct timeval limit = {0, 200};
  return select(0, NULL, NULL, NULL, &limit);
}
static int short_sem(void) {
  struct timespec end = in(CLOCK_REALTIME, (struct timespec){0, 200000});
  return sem_timedwait(&empty, &end);
}
static int short_signal(void) {
  struct timespec limit = {0, 200000};
  return sigtimedwait(&one_signal, NULL, &limit);
}
static int short_epoll(void) {
  struct epoll_event event;
  return epoll_wait(epoll_fd, &event, 1, 1);
}
static int (*const short_calls[])(void) = {short_poll, short_sleep,  short_select,
                                           short_sem,  short_signal, short_epoll};

static void* repeat(void* argument) {
  int (*call)(void) = *(int (*const*)(void))argument;
  leave_signals_to_main();
  for (;;) {
    errno = 0;
    if (call() != 0 && errno == EINTR) interrupted++;
    made++;
  }
  return NULL;
}

static void run_short(void) {
  sem_init(&empty, 0, 0);
  epoll_fd = epoll_create1(0);
  sigemptyset(&one_signal);
  sigaddset(&one_signal, SIGURG);
  for (size_t i = 0; i < sizeof(short_calls) / sizeof(short_calls[0]); i++) {
    pthread_t thread;
    pthread_create(&thread, NULL, repeat, (void*)&short_calls[i]);
  }
  puts("running");
  char line[64];
  while (fgets(line, sizeof(line), stdin) != NULL) printf("%ld %ld\n", interrupted, made);
  _exit(0);
}

static pthread_mutex_t first = PTHREAD_MUTEX_INITIALIZER, second = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t both_hold;
static _Atomic pid_t locking[2];

__attribute__((noinline)) static void lock_in_order(pthread_mutex_t* own, pthread_mutex_t* other) {
  pthread_mutex_lock(own);
  pthread_barrier_wait(&both_hold);
  pthread_mutex_lock(other);
  pthread_mutex_unlock(other);
}

static void* lock_forward(void* unused) {
  leave_signals_to_main();
  locking[0] = (pid_t)syscall(SYS_gettid);
  lock_in_order(&first, &second);
  return unused;
}

static void* lock_backward(void* unused) {
  leave_signals_to_main();
  locking[1] = (pid_t)syscall(SYS_gettid);
  lock_in_order(&second, &first);
  return unused;
}

static void run_lock(void) {
  pthread_t threads[2];
  pthread_barrier_init(&both_hold, NULL, 3);
  pthread_create(&threads[0], NULL, lock_forward, NULL);
  pthread_create(&threads[1], NULL, lock_backward, NULL);
  pthread_barrier_wait(&both_hold);
  while (!is_asleep(locking[0]) || !is_asleep(locking[1])) sched_yield();
  printf("locked %d %d\n", locking[0], locking[1]);
  char line[64];
  while (fgets(line, sizeof(line), stdin) != NULL) puts("still");
  _exit(0);
}

int main(int argc, char** argv) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  if (argc > 1 && strcmp(argv[1], "short") == 0) {
    run_short();
  } else if (argc > 1 && strcmp(argv[1], "lock") == 0) {
    run_lock();
  } else {
    run_long();
  }
  return 0;
}
