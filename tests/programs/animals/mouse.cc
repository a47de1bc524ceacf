// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <memory>
#include <vector>

#include "animal.h"

namespace animals::mouse {

namespace {
std::vector<std::unique_ptr<char[]>> hole;
}  // namespace

void Steal() {
  constexpr size_t kPieces = 768;
  constexpr size_t kBytes = 1 << 20;
  hole.reserve(kPieces);
  while (hole.size() < kPieces) hole.emplace_back(new char[kBytes]);
}

void Live(Moment) { Steal(); }

}  // namespace animals::mouse
