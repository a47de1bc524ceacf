// SPDX-License-Identifier: Apache-2.0
//
// A program that locks itself in and goes on allocating: an allow-list that
// knows what malloc, stdio and the end of a process need, and nothing else, or
// seccomp's strict mode (first argument "strict"), where even exit_group kills.
// With "exit" the end is exit(), otherwise _exit().
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ALLOW(call) \
  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

static int enter_filter(void) {
  struct sock_filter rules[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      ALLOW(SYS_write),
      ALLOW(SYS_brk),
      ALLOW(SYS_mmap),
      ALLOW(SYS_munmap),
      ALLOW(SYS_exit),
      ALLOW(SYS_exit_group),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
  };
  const struct sock_fprog program = {sizeof(rules) / sizeof(rules[0]), rules};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -1;
  return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}

static void work(size_t largest) {
  for (int i = 0; i < 2000; ++i) {
    char* block = malloc((size_t)i % largest + 1);
    block[0] = 1;
    free(block);
  }
}

int main(int argc, char** argv) {
  const char* mode = argc > 1 ? argv[1] : "";
  const int strict = strcmp(mode, "strict") == 0;
  // So that strict mode, which allows no brk, finds memory.
  work(100000);
  printf("entering\n");
  fflush(stdout);
  if ((strict ? prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) : enter_filter()) != 0) {
    printf("no seccomp: %s\n", strerror(errno));
    return 1;
  }
  work(strict ? 900 : 100000);
  const char done[] = "worked\n";
  if (write(STDOUT_FILENO, done, sizeof(done) - 1) < 0) return 1;
  if (strict) syscall(SYS_exit, 0);
  if (strcmp(mode, "exit") == 0) exit(0);
  _exit(0);
}
