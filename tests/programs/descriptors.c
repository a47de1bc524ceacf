// SPDX-License-Identifier: Apache-2.0
//
// A program that is particular about its descriptors: which are open at the
// start, which number the next one gets, and that those it closes stay closed.
//
//   descriptors           as started
//   descriptors daemon    closes all, as a daemon does, and works on in files
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char* text;
static size_t length;

static void list_open(FILE* out, const char* when) {
  fprintf(out, "%s:", when);
  for (int fd = 0; fd < 4096; fd++) {
    if (fcntl(fd, F_GETFD) != -1) {
      fprintf(out, " %d", fd);
    }
  }
  fprintf(out, "\n");
}

int main(int argc, char** argv) {
  FILE* out = open_memstream(&text, &length);
  list_open(out, "at the start");
  int first = open("/dev/null", O_RDONLY | O_CLOEXEC);
  int second = open("/dev/zero", O_RDONLY | O_CLOEXEC);
  fprintf(out, "opened %d and %d\n", first, second);
  close(first);
  fprintf(out, "again %d\n", open("/dev/null", O_RDONLY | O_CLOEXEC));
  int result = dup(STDOUT_FILENO);
  fcntl(result, F_DUPFD, 1000);
  if (argc > 1 && strcmp(argv[1], "daemon") == 0) {
    int saved = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 100);
    for (int fd = 0; fd < 4096; fd++) {
      if (fd != saved) {
        close(fd);
      }
    }
    list_open(out, "all closed");
    int null = open("/dev/null", O_RDWR);
    fprintf(out, "descriptor 0 is %d, then %d and %d\n", null, dup(null), dup(null));
    for (int i = 0; i < 2000; i++) {
      free(malloc(4096));
    }
    list_open(out, "after work");
    dup2(saved, STDOUT_FILENO);
    close(saved);
  }
  list_open(out, "at the end");
  fclose(out);
  return write(STDOUT_FILENO, text, length) == (ssize_t)length ? 0 : 1;
}
