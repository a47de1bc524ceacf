// SPDX-License-Identifier: Apache-2.0
//
// A thread past libc with a thread pointer of its own (CLONE_SETTLS) that uses nothing
// of libc and works. What its thread pointer leads to, or null with the argument
// "null", is no thread descriptor, and must be as it was afterwards. With "ended" it
// gets a SIGTERM, which ends the process.
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static char stack[64 * 1024] __attribute__((aligned(64)));
static char storage[64 * 1024] __attribute__((aligned(64)));
static volatile int tid;

__attribute__((noinline, no_stack_protector)) static int work(void* unused) {
  (void)unused;
  for (volatile long i = 0; i < 1000000000; i++) {
  }
  // Not libc's way out, which goes by the thread pointer.
  __asm__ volatile("syscall" : : "a"(SYS_exit), "D"(0) : "rcx", "r11", "memory");
  return 0;
}

int main(int count, char** arguments) {
  const int is_null = count > 1 && strcmp(arguments[1], "null") == 0;
  memset(storage, 0x44, sizeof(storage));
  const int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
                    CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
  clone(work, stack + sizeof(stack), flags, NULL, &tid,
        is_null ? NULL : storage + sizeof(storage) / 2, &tid);
  if (count > 1 && strcmp(arguments[1], "ended") == 0) {
    syscall(SYS_tgkill, getpid(), tid, SIGTERM);
  }
  for (int now; (now = tid) != 0;) {
    syscall(SYS_futex, &tid, FUTEX_WAIT, now, NULL, NULL, 0);
  }
  int changed = 0;
  for (unsigned i = 0; i < sizeof(storage); i++) {
    changed += storage[i] != 0x44;
  }
  printf("%d bytes changed\n", changed);
  return 0;
}
