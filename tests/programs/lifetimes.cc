// SPDX-License-Identifier: Apache-2.0
//
// Allocations at the edges of a process's and a thread's life: before main, in
// static destructors, in atexit functions, in destructors of thread-local
// objects and of pthread keys that set themselves again.
#include <pthread.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

namespace {

struct Loud {
  explicit Loud(const char* text) : name(text), memory(30000) { Say("made"); }
  ~Loud() {
    std::vector<char> more(memory.size() * 2);
    memory.swap(more);
    Say("gone");
  }
  void Say(const char* what) {
    char* line = static_cast<char*>(std::malloc(5000));
    std::snprintf(line, 5000, "%s %s\n", name.c_str(), what);
    std::fputs(line, stdout);
    std::free(line);
  }
  std::string name;
  std::vector<char> memory;
};

Loud global("global object");
thread_local Loud per_thread("thread-local object");
pthread_key_t key;
int key_calls = 0;

void KeyDestructor(void* value) {
  std::free(value);
  if (++key_calls < 3) {
    pthread_setspecific(key, std::malloc(7000));
  }
}

void AtExit() {
  std::vector<char> block(12345);
  std::printf("atexit, %d calls of the key's destructor\n", key_calls);
}

__attribute__((constructor(101))) void VeryEarly() {
  void* block = std::calloc(3, 3333);
  block = std::realloc(block, 20000);
  std::free(block);
  std::puts("constructor");
}

__attribute__((destructor(101))) void VeryLate() {
  std::free(std::malloc(9999));
  std::puts("destructor");
}

}  // namespace

int main() {
  std::atexit(AtExit);
  pthread_key_create(&key, KeyDestructor);
  std::thread([] {
    per_thread.Say("used");
    pthread_setspecific(key, std::malloc(8000));
  }).join();
  per_thread.Say("used by main");
  return 0;
}
