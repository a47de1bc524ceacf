// SPDX-License-Identifier: Apache-2.0
//
// An interposer that does nothing but call on: what it costs is what no
// preloaded profiler can avoid.
#include <dlfcn.h>
#include <stddef.h>
#include <stdlib.h>

extern void* __libc_malloc(size_t);
extern void* __libc_calloc(size_t, size_t);
extern void* __libc_realloc(void*, size_t);
extern void __libc_free(void*);

static void* (*real_malloc)(size_t) = __libc_malloc;
static void* (*real_calloc)(size_t, size_t) = __libc_calloc;
static void* (*real_realloc)(void*, size_t) = __libc_realloc;
static void (*real_free)(void*) = __libc_free;

__attribute__((constructor)) static void resolve(void) {
  real_malloc = (void* (*)(size_t))dlsym(RTLD_NEXT, "malloc");
  real_calloc = (void* (*)(size_t, size_t))dlsym(RTLD_NEXT, "calloc");
  real_realloc = (void* (*)(void*, size_t))dlsym(RTLD_NEXT, "realloc");
  real_free = (void (*)(void*))dlsym(RTLD_NEXT, "free");
}

void* malloc(size_t size) { return real_malloc(size); }
void* calloc(size_t count, size_t size) { return real_calloc(count, size); }
void* realloc(void* block, size_t size) { return real_realloc(block, size); }
void free(void* block) { real_free(block); }
