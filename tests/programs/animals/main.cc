// SPDX-License-Identifier: Apache-2.0
//
// animals [ROUNDS [MILLISECONDS]]: see animal.h.
#include <cstdlib>

#include "animal.h"

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 10;
  const animals::Moment moment(argc > 2 ? std::atoi(argv[2]) : 1000);
  for (int round = 0; round < rounds; ++round) {
    animals::wolf::Howl(moment);
    animals::cat::Pee(moment);
  }
  return 0;
}
