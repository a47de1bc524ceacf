// SPDX-License-Identifier: Apache-2.0
//
// Does known things under known labels, each in a function of its own: allocates
// (always with the same stack), waits for a lock, makes a thread, uses the
// processor. Then it says "ready", and repeats some of it for every line it reads.
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <pprofagent/pprofagent.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#define NOINLINE __attribute__((noinline))

namespace {

void* volatile last_block;

NOINLINE void allocate(int count, size_t size) {
  for (int i = 0; i < count; ++i) last_block = malloc(size);
}

// The same stack again and again: only the labels tell the samples apart.
NOINLINE void serve(const char* user) {
  const pprofagent::labels labels{{"user", user}};
  if (labels.error()) printf("error %d\n", labels.error().value());
  allocate(*user == 'a' ? 100 : 50, 1000);
}

NOINLINE void burn(int milliseconds) {
  timespec now = {};
  const auto cpu_ms = [&now] {
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
  };
  const long end = cpu_ms() + milliseconds;
  while (cpu_ms() < end) {
  }
}

// To the tests that run beside.
void leave_the_processor() {
  const timespec time = {0, 5'000'000};
  nanosleep(&time, nullptr);
}

struct Gate {
  std::mutex mutex;
  std::condition_variable changed;
  std::atomic<bool> open{false};

  void Open() {
    const std::lock_guard lock(mutex);
    open = true;
    changed.notify_all();
  }
  NOINLINE void Wait() {
    std::unique_lock lock(mutex);
    while (!open) changed.wait(lock);
  }
};

Gate the_end;
std::mutex contended;
std::atomic<bool> is_held{false};

NOINLINE void hold() {
  const pprofagent::labels labels{{"side", "holder"}};
  const std::lock_guard lock(contended);
  is_held = true;
  const timespec time = {0, 50'000'000};
  nanosleep(&time, nullptr);
}

NOINLINE std::chrono::nanoseconds want() {
  const pprofagent::labels labels{{"side", "waiter"}};
  while (!is_held) std::this_thread::yield();
  const auto begin = std::chrono::steady_clock::now();
  const std::lock_guard lock(contended);
  return std::chrono::steady_clock::now() - begin;
}

// On a busy machine the one who wants it may come when it is free again.
void contend() {
  std::chrono::nanoseconds waited = {};
  while (waited < std::chrono::milliseconds(20)) {
    is_held = false;
    std::thread holder(hold);
    waited = want();
    holder.join();
  }
}

// Waits to the end; its own function is seen in the stack.
NOINLINE void work() {
  allocate(7, 3000);
  the_end.Wait();
}

NOINLINE void spin() {
  while (!the_end.open) {
    burn(3);
    leave_the_processor();
  }
}

std::string text_of(const pprofagent::label_set& set) {
  std::string text;
  for (const auto& [key, value] : set.list()) text += " " + key + "=" + value;
  return text;
}

void say_how_they_nest() {
  using pprofagent::label_set;
  printf("none%s\n", text_of(label_set::current()).c_str());
  {
    const pprofagent::labels outer{{"user", "alice"}, {"path", "/"}};
    printf("outer%s\n", text_of(label_set::current()).c_str());
    {
      const pprofagent::labels inner{{"path", "/x"}, {"user", ""}, {"n", "1"}};
      printf("inner%s\n", text_of(label_set::current()).c_str());
    }
    printf("outer%s\n", text_of(label_set::current()).c_str());
    const pprofagent::labels none{label_set()};
    printf("hidden%s\n", text_of(label_set::current()).c_str());
  }
  printf("none%s\n", text_of(label_set::current()).c_str());
  printf("result %d\n", pprofagent::with_labels({{"a", "b"}}, [] {
           return label_set::current().value("a") == "b" ? 7 : 0;
         }));
  auto bound = pprofagent::with_labels({{"job", "pool"}}, [] {
    return pprofagent::bind_labels(
        [](int n) { return std::to_string(n) + text_of(label_set::current()); });
  });
  std::string elsewhere;
  std::thread([&elsewhere, bound]() mutable { elsewhere = bound(3); }).join();
  printf("bound %s\n", elsewhere.c_str());
  for (const std::string& bad : {std::string(101, 'k'), std::string(), std::string("\xff"),
                                 std::string("zero\0inside", 11)}) {
    const pprofagent::labels labels{{bad, "value"}};
    printf("error %d%s\n", labels.error().value(), text_of(label_set::current()).c_str());
  }
}

// One set for each request, which is what labels are not for.
void make_too_many() {
  int refused = 0;
  const pprofagent::labels outer{{"user", "alice"}};
  for (int i = 0; i < 70'000; ++i) {
    const pprofagent::labels labels{{"request", std::to_string(i)}};
    refused += labels.error() ? 1 : 0;
  }
  const pprofagent::labels labels{{"request", "last"}};
  printf("refused %d, last %d%s\n", refused, labels.error().value(),
         text_of(pprofagent::label_set::current()).c_str());
  allocate(100, 1000);
}

// Samples are taken in the middle of all that changes labels.
void change_for_ever() {
  const auto set = pprofagent::label_set().with({{"turn", "even"}});
  while (!the_end.open) {
    const pprofagent::labels even{set};
    burn(1);
    const pprofagent::labels odd{{"turn", "odd"}};
    burn(1);
    leave_the_processor();
  }
}

}  // namespace

int main(int argc, char** argv) {
  setvbuf(stdout, nullptr, _IOLBF, 0);
  if (argc > 1 && std::string(argv[1]) == "nest") {
    say_how_they_nest();
    return 0;
  }
  if (argc > 1) {
    make_too_many();
    return 0;
  }
  std::vector<std::thread> threads;
  for (const char* user : {"alice", "bob", "alice"}) serve(user);
  allocate(10, 1000);
  {
    const pprofagent::labels labels{{"job", "index \"1\""}, {"user", "carol"}};
    threads.emplace_back(work);
    threads.emplace_back(work);
    threads.emplace_back(spin);
  }
  threads.emplace_back(work);
  threads.emplace_back(change_for_ever);
  contend();
  {
    const pprofagent::labels labels{{"load", "heavy"}};
    burn(200);
  }
  const pprofagent::profile things = pprofagent::profile::create("things");
  const pprofagent::labels labels{{"user", "dave"}};
  things.add(&threads);
  puts("ready");
  for (int c = getchar(); c != EOF; c = getchar()) {
    if (c != '\n') continue;
    serve("alice");
    serve("erin");
    puts("done");
  }
  the_end.Open();
  for (std::thread& thread : threads) thread.join();
  return 0;
}
