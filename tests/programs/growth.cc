// SPDX-License-Identifier: Apache-2.0
//
// A heap that grows in two functions, and one that uses again and again what it
// has freed; then threads that sleep, wait and work, until its input ends.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

#include <unistd.h>

namespace {
std::vector<void*> kept;
volatile bool ended = false;
}  // namespace

extern "C" [[gnu::noinline]] void Keep(size_t size) {
  void* block = malloc(size);
  memset(block, 1, size < 4096 ? size : 4096);
  kept.push_back(block);
}

extern "C" [[gnu::noinline]] void GrowBySmallBlocks() {
  for (int i = 0; i < 16384; ++i) Keep(4096);
  asm volatile("");
}

extern "C" [[gnu::noinline]] void GrowByLargeBlocks() {
  for (int i = 0; i < 50; ++i) Keep(3 << 20);
  asm volatile("");
}

extern "C" [[gnu::noinline]] void UseAgain() {
  for (int i = 0; i < 1000; ++i) {
    void* volatile block = malloc(64 << 10);
    free(block);
  }
}

extern "C" [[gnu::noinline]] void Sleep() {
  while (!ended) usleep(1000000);
}

extern "C" [[gnu::noinline]] void Work() {
  while (!ended) asm volatile("");
}

int main() {
  kept.reserve(20000);
  GrowBySmallBlocks();
  GrowByLargeBlocks();
  for (int i = 0; i < 10; ++i) UseAgain();
  std::thread sleeper(Sleep);
  std::thread other(Sleep);
  std::thread worker(Work);
  puts("ready");
  fflush(stdout);
  getchar();
  _exit(0);
}
