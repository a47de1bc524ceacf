// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <cstring>

#include "animal.h"

namespace animals::dog {

void Run() {
  constexpr size_t kBytes = 16 << 20;
  void* buffer = std::malloc(kBytes);
  if (buffer == nullptr) return;
  std::memset(buffer, 'w', kBytes);
  asm volatile("" : : "r"(buffer) : "memory");
  std::free(buffer);
}

void Live(Moment) { Run(); }

}  // namespace animals::dog
