// SPDX-License-Identifier: Apache-2.0
//
// animals [ROUNDS [MILLISECONDS [ANIMAL...]]]: each animal lives for a moment, and
// then a moment passes; without end unless told how many times, and all of them
// unless told which. See animal.h.
#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <thread>
#include <vector>

#include "animal.h"

namespace {

struct Animal {
  std::string_view name;
  void (*live)(animals::Moment);
};

constexpr Animal kAnimals[] = {
    {"tiger", animals::tiger::Live}, {"cat", animals::cat::Live},
    {"dog", animals::dog::Live},     {"wolf", animals::wolf::Live},
    {"mouse", animals::mouse::Live}, {"hamster", animals::hamster::Live},
};

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 0;
  const animals::Moment moment(argc > 2 ? std::atoi(argv[2]) : 1000);
  const std::vector<std::string_view> wanted(argv + std::min(argc, 3), argv + argc);
  for (int round = 0; rounds == 0 || round < rounds; ++round) {
    for (const Animal& animal : kAnimals) {
      const bool lives =
          wanted.empty() || std::find(wanted.begin(), wanted.end(), animal.name) != wanted.end();
      if (lives) animal.live(moment);
    }
    std::this_thread::sleep_for(moment);
  }
  return 0;
}
