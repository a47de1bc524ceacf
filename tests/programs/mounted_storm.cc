// SPDX-License-Identifier: Apache-2.0
//
// Threads answer requests by the agent all the time while the process forks; the
// children answer some too. At the end a thread is still in the middle of a long
// one. Says how many answers were not as they should be.
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <pprofagent/pprofagent.hpp>
#include <string>
#include <thread>
#include <vector>

namespace {

constexpr const char* kTargets[] = {"/",
                                    "/heap",
                                    "/goroutine?debug=2",
                                    "/profile?seconds=0.02",
                                    "/heap?seconds=0.01",
                                    "/mutex?debug=1"};
constexpr int kForks = 30;

int status_of(const std::string& target) {
  return pprofagent::http::handle({.prefix = "/p", .target = "/p" + target}).status;
}

// The child's own: the parent's CPU profile is not its.
int be_child(const std::string& label) {
  const bool has_labels = pprofagent::label_set::current().value("fork") == label;
  const bool answers = status_of("/heap") == 200 && status_of("/profile?seconds=0.01") == 200;
  return has_labels && answers ? 0 : 1;
}

}  // namespace

int main() {
  std::atomic<bool> is_over{false};
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (const char* target : kTargets) {
    threads.emplace_back([&, target] {
      while (!is_over) {
        const pprofagent::labels labels{{"target", target}};
        if (status_of(target) != 200) ++wrong;
      }
    });
  }
  for (int i = 0; i < kForks; ++i) {
    const std::string label = std::to_string(i);
    const pprofagent::labels labels{{"fork", label}};
    const pid_t child = fork();
    if (child == 0) _exit(be_child(label));
    int status = 0;
    if (waitpid(child, &status, 0) != child || status != 0) ++wrong;
  }
  is_over = true;
  for (std::thread& thread : threads) thread.join();
  printf("wrong %d\n", wrong.load());
  std::atomic<bool> begins{false};
  std::thread([&begins] {
    begins = true;
    static_cast<void>(status_of("/profile?seconds=600"));
  }).detach();
  while (!begins) std::this_thread::yield();
  return 0;
}
