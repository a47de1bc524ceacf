// SPDX-License-Identifier: Apache-2.0
//
// What a program of one thread may do, and one that has had a second thread not any
// more: signal handlers that fork and end the process wherever they come, and calls
// that need a process of one thread.
//
//   handlers forks N     a timer's handler forks N times, mostly within malloc or free
//   handlers report      the heap breaks; the handler forks, tells, and ends with 42
//   handlers end         the heap breaks; the handler ends with 42
//   handlers neither     no handlers: signals ignored, or left alone, with SA_SIGINFO set
//   handlers alone       threads come and go; then unshare and setns
//   handlers spawn       2500 variables are given to a child, from a stack of 16 KiB
//   handlers default     CPU time on a stack of its own, below a thread's, whose size
//                        is the default that the program has set
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

static volatile int forks, wrong, wanted;

// Once: how long a fork takes must not keep the program from going on.
static void set_timer(void) {
  const struct itimerval timer = {{0, 0}, {0, 2300}};
  setitimer(ITIMER_REAL, &timer, NULL);
}

static void fork_once(int number) {
  (void)number;
  int status = 0;
  pid_t child = fork();
  if (child == 0) _exit(5);
  if (waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 5)
    wrong++;
  if (++forks < wanted) set_timer();
}

static int fork_often(int times) {
  unsigned random = 1;
  void* blocks[200] = {NULL};
  wanted = times;
  signal(SIGALRM, fork_once);
  set_timer();
  while (forks < wanted) {
    random = random * 1103515245 + 12345;
    void** block = &blocks[(random >> 16) % 200];
    free(*block);
    *block = *block == NULL ? malloc((random >> 8) % 20000 + 1) : NULL;
  }
  printf("%d forks, %d wrong\n", wanted, wrong);
  return 0;
}

static void report(int number) {
  (void)number;
  int status = 0;
  pid_t child = fork();
  if (child == 0) {
    static char* const arguments[] = {"echo", "the heap is broken", NULL};
    execve("/bin/echo", arguments, environ);
    _exit(1);
  }
  waitpid(child, &status, 0);
  _exit(status == 0 ? 42 : 1);
}

static void end(int number) {
  (void)number;
  _exit(42);
}

// Overwrites what free blocks are linked by, and goes on allocating.
static int break_heap(void (*handler)(int)) {
  void* blocks[300];
  signal(SIGSEGV, handler);
  signal(SIGABRT, handler);
  for (int i = 0; i < 300; i++) blocks[i] = malloc(1500 + (size_t)i % 7 * 16);
  for (int i = 0; i < 300; i += 2) free(blocks[i]);
  for (int i = 0; i < 300; i += 2) memset(blocks[i], 0x41, 2 * sizeof(void*));
  for (size_t i = 0; i < 3000; i++) blocks[i % 300] = malloc(3000 + i);
  return blocks[0] == NULL;
}

static int ignored_by_kernel(int number) {
  char line[128];
  unsigned long long mask = 0;
  FILE* status = fopen("/proc/self/status", "r");
  while (fgets(line, sizeof(line), status) != NULL) {
    if (sscanf(line, "SigIgn: %llx", &mask) == 1) break;
  }
  fclose(status);
  return (int)(mask >> (number - 1) & 1);
}

static int set_neither(void) {
  struct sigaction action;
  int status = 0;
  memset(&action, 0, sizeof(action));
  action.sa_flags = SA_SIGINFO;
  action.sa_handler = SIG_IGN;
  sigaction(SIGUSR1, &action, NULL);
  raise(SIGUSR1);
  printf("USR1 ignored: %d\n", ignored_by_kernel(SIGUSR1));
  pid_t child = fork();
  if (child == 0) {
    action.sa_handler = SIG_DFL;
    sigaction(SIGTERM, &action, NULL);
    raise(SIGTERM);
    _exit(0);
  }
  waitpid(child, &status, 0);
  printf("TERM: %d\n", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
  return 0;
}

static void* nothing(void* unused) { return unused; }

static const char* said(long result) { return result == 0 ? "done" : strerror(errno); }

// A thread that has been joined is the kernel's for some moments more.
static long soon(long number, long a, long b) {
  long result = -1;
  for (int i = 0; i < 200 && result != 0; i++) {
    if (i > 0) usleep(1000);
    if (number == SYS_unshare) result = unshare((int)a);
    if (number == SYS_setns) result = b == 0 ? setns((int)a, CLONE_NEWNS) : syscall(number, a, b);
  }
  return result;
}

static int be_alone(void) {
  pthread_t thread;
  for (int i = 0; i < 20; i++) {
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
      pthread_create(&thread, NULL, nothing, NULL);
      pthread_join(thread, NULL);
      _exit(soon(SYS_unshare, CLONE_NEWUSER, 0) == 0 ? 0 : errno);
    }
    waitpid(child, &status, 0);
    if (status != 0) printf("child %d: %s\n", i, strerror(WEXITSTATUS(status)));
  }
  int descriptor = open("/proc/self/ns/mnt", O_RDONLY);
  printf("setns: %s\n", said(soon(SYS_setns, descriptor, 0)));
  printf("setns by number: %s\n", said(soon(SYS_setns, descriptor, CLONE_NEWNS)));
  printf("unshare: %s\n", said(soon(SYS_unshare, CLONE_NEWUSER, 0)));
  return 0;
}

static void* spawn(void* unused) {
  static char* const arguments[] = {"true", NULL};
  int status = -1;
  pid_t child;
  int error = posix_spawn(&child, "/bin/true", NULL, NULL, arguments, environ);
  if (error == 0) waitpid(child, &status, 0);
  printf("posix_spawn: %s, %d\n", strerror(error), status);
  child = vfork();
  if (child == 0) {
    execve("/bin/true", arguments, environ);
    _exit(9);
  }
  waitpid(child, &status, 0);
  printf("vfork: %d\n", status);
  return unused;
}

static int spawn_from_little_stack(void) {
  pthread_t thread;
  pthread_attr_t attributes;
  for (int i = 0; i < 2500; i++) {
    char* variable = malloc(40);
    snprintf(variable, 40, "VARIABLE%d=some value", i);
    putenv(variable);
  }
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, PTHREAD_STACK_MIN);
  pthread_create(&thread, &attributes, spawn, NULL);
  return pthread_join(thread, NULL);
}

#if defined(__x86_64__)
// Without call frame information: turns `turns` times on the stack `sp`, with rbp a
// number of its own.
__asm__(
    ".text\n.type turn_on, @function\nturn_on:\n"
    "  push %rbp\n  push %rbx\n  mov %rsp, %rbx\n  mov %rdi, %rsp\n  mov %rsi, %rbp\n"
    "1:\n  dec %rdx\n  jnz 1b\n"
    "  mov %rbx, %rsp\n  pop %rbx\n  pop %rbp\n  ret\n.size turn_on, .-turn_on\n");
void turn_on(void* sp, uintptr_t bp, long turns);

static void* turn(void* unused) {
  enum { kStack = 65536 };
  void* low = NULL;
  size_t size = 0, guard = 0;
  pthread_attr_t attributes;
  pthread_getattr_np(pthread_self(), &attributes);
  pthread_attr_getstack(&attributes, &low, &size);
  pthread_attr_getguardsize(&attributes, &guard);
  // Between the two there is a hole, into which rbp points.
  char* stack = mmap((char*)low - guard - (size_t)2 * kStack, kStack, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  if (stack == MAP_FAILED) return unused;
  turn_on(stack + kStack - 4096, (uintptr_t)stack + kStack + 8, 300000000);
  return unused;
}

static int turn_below_default_stack(void) {
  pthread_t thread;
  pthread_attr_t attributes;
  pthread_getattr_default_np(&attributes);
  pthread_attr_setstacksize(&attributes, 65536);
  pthread_setattr_default_np(&attributes);
  pthread_create(&thread, NULL, turn, NULL);
  return pthread_join(thread, NULL);
}
#else
static int turn_below_default_stack(void) { return 0; }
#endif

int main(int argc, char** argv) {
  const char* subject = argc > 1 ? argv[1] : "";
  setvbuf(stdout, NULL, _IONBF, 0);
  if (strcmp(subject, "forks") == 0 && argc == 3) return fork_often(atoi(argv[2]));
  if (strcmp(subject, "report") == 0) return break_heap(report);
  if (strcmp(subject, "end") == 0) return break_heap(end);
  if (strcmp(subject, "neither") == 0) return set_neither();
  if (strcmp(subject, "alone") == 0) return be_alone();
  if (strcmp(subject, "spawn") == 0) return spawn_from_little_stack();
  if (strcmp(subject, "default") == 0) return turn_below_default_stack();
  fprintf(stderr, "usage: handlers forks N|report|end|neither|alone|spawn|default\n");
  return 2;
}
