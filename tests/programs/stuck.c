// SPDX-License-Identifier: Apache-2.0
//
// A program that hangs while it opens a library, with the loader's lock held; the
// library's constructor says "hanging". Usage: stuck LIBRARY
#include <dlfcn.h>
#include <pthread.h>
#include <unistd.h>

static void* open_library(void* path) { return dlopen(path, RTLD_NOW); }

int main(int argc, char** argv) {
  pthread_t thread;
  if (argc != 2) return 2;
  pthread_create(&thread, NULL, open_library, argv[1]);
  for (;;) pause();
}
