// SPDX-License-Identifier: Apache-2.0
//
// How long a program takes from its start to its end: the median, in
// microseconds of wall time, of as many runs as asked for. The programs get the
// environment of spawn_bench and, with a third argument, LD_PRELOAD.
//
//   spawn_bench RUNS PROGRAM [LIBRARY]
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

extern char** environ;

static double microseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int compare(const void* a, const void* b) {
  double x = *(const double*)a, y = *(const double*)b;
  return (x > y) - (x < y);
}

int main(int argc, char** argv) {
  int runs = argc >= 3 ? atoi(argv[1]) : 0;
  if (runs < 1 || (argc == 4 && setenv("LD_PRELOAD", argv[3], 1) != 0)) {
    fprintf(stderr, "usage: spawn_bench RUNS PROGRAM [LIBRARY]\n");
    return 2;
  }
  double* times = calloc((size_t)runs, sizeof(double));
  for (int i = 0; i < runs; i++) {
    char* arguments[] = {argv[2], NULL};
    pid_t child;
    int status = 0;
    double start = microseconds();
    if (posix_spawn(&child, argv[2], NULL, NULL, arguments, environ) != 0 ||
        waitpid(child, &status, 0) != child || status != 0) {
      fprintf(stderr, "spawn_bench: %s did not run well\n", argv[2]);
      return 1;
    }
    times[i] = microseconds() - start;
  }
  qsort(times, (size_t)runs, sizeof(double), compare);
  printf("%.3f\n", times[runs / 2]);
  free(times);
  return 0;
}
