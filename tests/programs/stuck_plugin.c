// SPDX-License-Identifier: Apache-2.0
//
// A library whose constructor never returns.
#include <stdio.h>
#include <unistd.h>

__attribute__((constructor)) static void hang(void) {
  puts("hanging");
  fflush(stdout);
  for (;;) pause();
}
