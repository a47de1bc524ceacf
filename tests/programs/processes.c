// SPDX-License-Identifier: Apache-2.0
//
// Every way to make another process, with allocations on both sides and with
// threads that allocate (and so may hold a lock) at the moment of the fork.
#include <errno.h>
#include <pthread.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;
static atomic_int stop;

static void* allocate(void* unused) {
  while (!atomic_load(&stop)) {
    free(malloc(70000));
  }
  return unused;
}

static void report(const char* what, pid_t child) {
  int status = 0;
  if (waitpid(child, &status, 0) != child) {
    printf("%s: %s\n", what, strerror(errno));
  } else if (WIFEXITED(status)) {
    printf("%s: exit %d\n", what, WEXITSTATUS(status));
  } else {
    printf("%s: signal %d\n", what, WTERMSIG(status));
  }
  fflush(stdout);
}

static void* child_thread(void* value) {
  free(malloc(1000000));
  return value;
}

// The child works on: allocates, makes threads, forks again.
static void fork_and_work(int levels, int status) {
  pid_t child = fork();
  if (child != 0) {
    report("fork", child);
    return;
  }
  for (int i = 0; i < 100; i++) {
    free(malloc(50000));
  }
  pthread_t thread;
  void* result = NULL;
  pthread_create(&thread, NULL, child_thread, &status);
  pthread_join(thread, &result);
  if (levels > 0) {
    fork_and_work(levels - 1, status + 1);
  }
  _exit(result == &status ? status : 99);
}

int main(int argc, char** argv) {
  if (argc > 1) {
    printf("I am %s\n", argv[1]);
    return 5;
  }
  setvbuf(stdout, NULL, _IOLBF, 0);
  pthread_t threads[2];
  for (int i = 0; i < 2; i++) {
    pthread_create(&threads[i], NULL, allocate, NULL);
  }
  for (int round = 0; round < 20; round++) {
    fork_and_work(1, round);
  }
  pid_t child = fork();
  if (child == 0) {
    execl("/proc/self/exe", argv[0], "exec after fork", NULL);
    _exit(127);
  }
  report("exec", child);
  child = vfork();
  if (child == 0) {
    execl("/proc/self/exe", argv[0], "exec after vfork", NULL);
    _exit(127);
  }
  report("vfork", child);
  child = vfork();
  if (child == 0) {
    _exit(6);
  }
  report("vfork without exec", child);
  char* arguments[] = {argv[0], "posix_spawn", NULL};
  report("posix_spawn",
         posix_spawn(&child, "/proc/self/exe", NULL, NULL, arguments, environ) == 0 ? child : -1);
  printf("posix_spawn of nothing: %d\n",
         posix_spawn(&child, "/nonexistent", NULL, NULL, arguments, environ));
  FILE* pipe = popen("echo from a shell", "r");
  char line[100];
  if (fgets(line, sizeof(line), pipe) != NULL) {
    fputs(line, stdout);
  }
  printf("pclose %d, system %d\n", pclose(pipe), WEXITSTATUS(system("exit 7")));
  child = fork();
  if (child == 0) {
    abort();
  }
  report("abort", child);
  atomic_store(&stop, 1);
  for (int i = 0; i < 2; i++) {
    pthread_join(threads[i], NULL);
  }
  puts("last exec");
  return execl("/proc/self/exe", argv[0], "the last image", NULL);
}
