// SPDX-License-Identifier: Apache-2.0
//
// Exceptions whose way leads past the agent: a new-handler that throws while
// malloc has just failed, a comparison that throws through libc's qsort, many
// threads throwing at once, and (with the argument `uncaught`) one that leaves
// a thread's start routine and ends the process.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

volatile size_t too_much = PTRDIFF_MAX;
int handler_calls = 0;

void ThrowingHandler() {
  if (++handler_calls == 3) {
    throw std::bad_alloc();
  }
}

int ThrowingCompare(const void* a, const void* b) {
  std::string text(5000, 'c');
  if (*static_cast<const int*>(a) == 3) {
    throw std::runtime_error("compare");
  }
  return *static_cast<const int*>(a) - *static_cast<const int*>(b);
}

int ThrowDeep(int levels) {
  std::vector<char> frame(500 + levels);
  if (levels == 0) {
    throw 42;
  }
  return ThrowDeep(levels - 1) + static_cast<int>(frame.size());
}

void ThrowOften(int* caught) {
  for (int i = 0; i < 200; i++) {
    try {
      ThrowDeep(i % 40);
    } catch (int) {
      ++*caught;
    }
  }
}

}  // namespace

int main(int argc, char**) {
  if (argc > 1) {
    std::thread([] { throw std::runtime_error("nobody catches this"); }).join();
    return 0;
  }
  std::set_new_handler(ThrowingHandler);
  try {
    static_cast<void>(operator new(too_much));
    std::puts("allocated");
  } catch (const std::bad_alloc&) {
    std::printf("bad_alloc after %d calls of the handler\n", handler_calls);
  }
  std::set_new_handler(nullptr);
  try {
    std::vector<char> impossible(too_much);
  } catch (const std::exception&) {
    std::puts("vector too large");
  }
  int numbers[] = {9, 3, 7, 1};
  try {
    std::qsort(numbers, 4, sizeof(int), ThrowingCompare);
  } catch (const std::runtime_error& error) {
    std::printf("left qsort by %s\n", error.what());
  }
  std::vector<int> caught(8);
  std::vector<std::thread> threads;
  for (int& count : caught) {
    threads.emplace_back(ThrowOften, &count);
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  int sum = 0;
  for (int count : caught) {
    sum += count;
  }
  std::printf("caught %d\n", sum);
  return 0;
}
