// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstddef>
#include <vector>

#include "animal.h"

namespace animals::hamster {

namespace {
using Cheekful = std::array<char, 64 << 10>;
std::vector<Cheekful> store;
}  // namespace

void Hoard() {
  constexpr size_t kCheekfuls = 768;
  while (store.size() < kCheekfuls) store.emplace_back();
}

void Live(Moment) { Hoard(); }

}  // namespace animals::hamster
