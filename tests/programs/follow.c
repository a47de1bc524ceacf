// SPDX-License-Identifier: Apache-2.0
//
// Executes `env` by each of the functions there are for it, or fails to, and
// looks at its own environment afterwards.
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

static const char kPath[] = "/usr/bin/env";

static void execute(const char* how) {
  char* arguments[] = {"env", NULL};
  if (strcmp(how, "execve") == 0) execve(kPath, arguments, environ);
  if (strcmp(how, "execv") == 0) execv(kPath, arguments);
  if (strcmp(how, "execvp") == 0) execvp("env", arguments);
  if (strcmp(how, "execvpe") == 0) execvpe("env", arguments, environ);
  if (strcmp(how, "execl") == 0) execl(kPath, "env", "-u", "NOTHING", (char*)NULL);
  if (strcmp(how, "execlp") == 0) execlp("env", "env", (char*)NULL);
  if (strcmp(how, "execle") == 0) execle(kPath, "env", "-u", "NOTHING", (char*)NULL, environ);
  if (strcmp(how, "fexecve") == 0) fexecve(open(kPath, O_RDONLY), arguments, environ);
}

static pid_t start(const char* how) {
  char* arguments[] = {"env", NULL};
  pid_t child = -1;
  if (strcmp(how, "posix_spawn") == 0) {
    return posix_spawn(&child, kPath, NULL, NULL, arguments, environ) == 0 ? child : -1;
  }
  if (strcmp(how, "posix_spawnp") == 0) {
    return posix_spawnp(&child, "env", NULL, NULL, arguments, environ) == 0 ? child : -1;
  }
  if (strcmp(how, "vfork") == 0) {
    child = vfork();
    if (child == 0) {
      execve(kPath, arguments, environ);
      _exit(127);
    }
    return child;
  }
  child = fork();
  if (child == 0) {
    execute(how);
    _exit(127);
  }
  return child;
}

// The program's own environment is as it was, also after calls that fail.
static int is_unchanged(void) {
  char** const list = environ;
  char* const variable = getenv("LD_PRELOAD");
  char* const text = variable == NULL ? NULL : strdup(variable);
  char* arguments[] = {"none", NULL};
  errno = 0;
  const int result = execve("/no/such/program", arguments, environ);
  const int error = errno;
  const int same_text = variable == NULL || strcmp(variable, text) == 0;
  free(text);
  return result == -1 && error == ENOENT && list == environ && same_text &&
         variable == getenv("LD_PRELOAD");
}

int main(int argc, char** argv) {
  for (int i = 1; i < argc; i++) {
    printf("# %s\n", argv[i]);
    fflush(stdout);
    int status = 0;
    if (waitpid(start(argv[i]), &status, 0) < 0 || status != 0) {
      printf("failed\n");
    }
  }
  printf("# %s\n", is_unchanged() ? "unchanged" : "CHANGED");
  return 0;
}
