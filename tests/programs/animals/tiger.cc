// SPDX-License-Identifier: Apache-2.0
#include <cstdint>

#include "animal.h"

namespace animals::tiger {

void Eat(Moment moment) {
  const int64_t turns = moment.count() * 10'000'000;
  for (int64_t i = 0; i < turns; ++i) {
    asm volatile("");  // else the compiler sees that nothing is done
  }
}

void Live(Moment moment) { Eat(moment); }

}  // namespace animals::tiger
