// SPDX-License-Identifier: Apache-2.0
//
// append_server [MICROSECONDS]: a server that remembers everything it was told, as
// servers do whose list has a beginning and no end: a string every 10 ms, or so
// many microseconds (0: without pause), each logged.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

namespace {

std::vector<std::string> remembered;

[[gnu::noinline]] size_t Add(const char* text) {
  remembered.emplace_back(text);
  return remembered.size();
}

[[gnu::noinline]] void Log(size_t count) { std::printf("remembered: %zu\n", count); }

}  // namespace

int main(int argc, char** argv) {
  const std::chrono::microseconds pause(argc > 1 ? std::atol(argv[1]) : 10'000);
  for (;;) {
    Log(Add("what a pity it would be to forget it"));
    if (pause.count() > 0) std::this_thread::sleep_for(pause);
  }
}
