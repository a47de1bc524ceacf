// SPDX-License-Identifier: Apache-2.0
//
// map_bench [OPERATIONS]: three ways to fill a map with 10,000 numbers, each so
// many times (1000): growing as it is filled, with room made before, and with one
// map and its memory used again and again.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory_resource>
#include <unordered_map>

namespace {

constexpr int kNumbers = 10'000;

template <typename Map>
void Fill(Map* map) {
  for (int i = 0; i < kNumbers; ++i) (*map)[i] = i;
}

[[gnu::noinline]] void Growing(int operations) {
  for (int i = 0; i < operations; ++i) {
    std::unordered_map<int, int> map;
    Fill(&map);
  }
}

[[gnu::noinline]] void Reserved(int operations) {
  for (int i = 0; i < operations; ++i) {
    std::unordered_map<int, int> map;
    map.reserve(kNumbers);
    Fill(&map);
  }
}

[[gnu::noinline]] void Pooled(int operations) {
  std::pmr::unsynchronized_pool_resource pool;
  std::pmr::unordered_map<int, int> map(&pool);
  map.reserve(kNumbers);
  for (int i = 0; i < operations; ++i) {
    map.clear();
    Fill(&map);
  }
}

void Measure(const char* name, void (*benchmark)(int), int operations) {
  const auto start = std::chrono::steady_clock::now();
  benchmark(operations);
  const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - start;
  std::printf("%-10s %8d %12.1f us/op\n", name, operations, took.count() / operations);
}

}  // namespace

int main(int argc, char** argv) {
  const int operations = argc > 1 ? std::atoi(argv[1]) : 1000;
  if (operations <= 0) return 2;
  Measure("Growing", Growing, operations);
  Measure("Reserved", Reserved, operations);
  Measure("Pooled", Pooled, operations);
  return 0;
}
