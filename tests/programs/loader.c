// SPDX-License-Identifier: Apache-2.0
//
// Opens and closes a C++ plugin again and again while other threads allocate;
// the plugin allocates in its constructors and destructors and throws and
// catches within itself, which in a C program shows whose unwinder it is bound
// to. Usage: loader PATH-OF-PLUGIN
#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

static atomic_int stop;

static void* allocate(void* unused) {
  while (!atomic_load(&stop)) {
    free(malloc(20000));
  }
  return unused;
}

int main(int argc, char** argv) {
  if (argc != 2) {
    return 2;
  }
  pthread_t threads[2];
  for (int i = 0; i < 2; i++) {
    pthread_create(&threads[i], NULL, allocate, NULL);
  }
  int sum = 0;
  for (int round = 0; round < 100; round++) {
    void* plugin = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    if (plugin == NULL) {
      fprintf(stderr, "%s\n", dlerror());
      return 1;
    }
    int (*work)(int) = (int (*)(int))dlsym(plugin, "plugin_work");
    sum += work(round);
    dlclose(plugin);
  }
  atomic_store(&stop, 1);
  for (int i = 0; i < 2; i++) {
    pthread_join(threads[i], NULL);
  }
  printf("sum %d\n", sum);
  if (dlopen("/nonexistent/plugin.so", RTLD_NOW) == NULL) {
    puts(dlerror());
  }
  return 0;
}
