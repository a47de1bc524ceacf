// SPDX-License-Identifier: Apache-2.0
//
// Every way for a thread to end: return, pthread_exit, cancellation while
// waiting and while computing, each with C++ objects and cleanup handlers on
// its stack that must be run. All of them unwind through the frame in which the
// agent starts a thread.
#include <pthread.h>
#include <semaphore.h>

#include <atomic>
#include <cstdio>
#include <vector>

namespace {

std::atomic<int> destroyed{0};
std::atomic<int> cleaned{0};
sem_t started;

struct Guard {
  std::vector<char> memory = std::vector<char>(10000);
  ~Guard() { destroyed += static_cast<int>(memory.size() / 10000); }
};

void CleanUp(void*) { cleaned++; }

__attribute__((noinline)) void ExitFrom(int levels) {
  Guard guard;
  if (levels == 0) {
    pthread_exit(&destroyed);
  }
  ExitFrom(levels - 1);
}

void* Return(void* value) {
  Guard guard;
  return value;
}

void* Exit(void*) {
  pthread_cleanup_push(CleanUp, nullptr);
  ExitFrom(4);
  pthread_cleanup_pop(0);
  return nullptr;
}

void* Wait(void*) {
  Guard guard;
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
  pthread_cleanup_push(CleanUp, nullptr);
  pthread_mutex_lock(&mutex);
  sem_post(&started);
  for (;;) {
    pthread_cond_wait(&condition, &mutex);
  }
  pthread_cleanup_pop(0);
  return nullptr;
}

void* Allocate(void*) {
  Guard guard;
  pthread_cleanup_push(CleanUp, nullptr);
  sem_post(&started);
  for (;;) {
    // malloc is no cancellation point and must not become one.
    std::vector<char> block(200000);
    pthread_testcancel();
  }
  pthread_cleanup_pop(0);
  return nullptr;
}

void Try(const char* name, void* (*routine)(void*), bool cancel) {
  destroyed = 0;
  cleaned = 0;
  int canceled = 0, exited = 0, returned = 0;
  for (int round = 0; round < 50; round++) {
    pthread_t thread;
    if (pthread_create(&thread, nullptr, routine, &started) != 0) {
      std::puts("pthread_create failed");
      return;
    }
    if (cancel) {
      sem_wait(&started);
      pthread_cancel(thread);
    }
    void* result = nullptr;
    pthread_join(thread, &result);
    canceled += result == PTHREAD_CANCELED;
    exited += result == &destroyed;
    returned += result == &started;
  }
  std::printf("%s: %d canceled, %d exited, %d returned; %d destroyed, %d cleaned\n", name, canceled,
              exited, returned, destroyed.load(), cleaned.load());
}

}  // namespace

int main() {
  sem_init(&started, 0, 0);
  Try("return", Return, false);
  Try("pthread_exit", Exit, false);
  Try("cancel a waiting thread", Wait, true);
  Try("cancel an allocating thread", Allocate, true);
  pthread_exit(nullptr);  // the main thread too
}
