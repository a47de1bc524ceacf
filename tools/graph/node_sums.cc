// SPDX-License-Identifier: Apache-2.0
//
// See node_sums.h. Each thread sums its own rows into its own array; what memory the loop touches
// at random (locations, sums) stays in a processor's cache.
#include "tools/graph/node_sums.h"

#include <algorithm>
#include <system_error>
#include <thread>

#include "tools/base/arithmetic.h"

namespace cpprof::graph {
namespace {

using profile::LocationIndex;
using profile::Profile;

// Below this many frames a thread is not worth its start.
constexpr size_t kFramesPerThread = 1'000'000;
constexpr size_t kMaxThreads = 8;

class Summer {
 public:
  Summer(const Profile& profile, const NodeTable& table, size_t column)
      : profile_(profile), table_(table), column_(column), sums_(table.size()) {}

  void Run(size_t first_row, size_t end_row) {
    for (size_t row = first_row; row < end_row; ++row) {
      const int64_t value = profile_.samples.Values(row)[column_];
      if (value != 0) AddStack(profile_.samples.Stack(row), static_cast<uint32_t>(row), value);
    }
  }

  void AddTo(std::vector<NodeSum>* sums) const {
    for (size_t node = 0; node < sums_.size(); ++node) {
      NodeSum& sum = (*sums)[node];
      sum.flat = WrapAdd(sum.flat, sums_[node].flat);
      sum.cum = WrapAdd(sum.cum, sums_[node].cum);
    }
  }

 private:
  static constexpr uint32_t kNever = UINT32_MAX;

  struct Sum {
    int64_t flat = 0;
    int64_t cum = 0;
    uint32_t last_sample = kNever;  // that counted the node
  };

  void AddStack(std::span<const LocationIndex> stack, uint32_t sample, int64_t value) {
    if (stack.empty()) return;
    for (const LocationIndex location : stack) table_.Prefetch(location);
    for (const LocationIndex location : stack) {
      for (const NodeIndex node : table_.Frames(location)) {
        Sum& sum = sums_[node];
        if (sum.last_sample == sample) continue;
        sum.last_sample = sample;
        sum.cum = WrapAdd(sum.cum, value);
      }
    }
    int64_t& flat = sums_[table_.Frames(stack.front()).front()].flat;
    flat = WrapAdd(flat, value);
  }

  const Profile& profile_;
  const NodeTable& table_;
  size_t column_;
  std::vector<Sum> sums_;
};

}  // namespace

std::vector<NodeSum> SumNodes(const Profile& profile, const NodeTable& table, size_t column) {
  const size_t rows = profile.samples.size();
  const size_t parts =
      std::clamp<size_t>(profile.samples.frame_count() / kFramesPerThread, 1,
                         std::clamp<size_t>(std::thread::hardware_concurrency(), 1, kMaxThreads));
  std::vector<Summer> summers(parts, Summer(profile, table, column));
  std::vector<std::thread> threads;
  const auto run = [&](size_t part) {
    summers[part].Run(rows * part / parts, rows * (part + 1) / parts);
  };
  for (size_t part = 1; part < parts; ++part) {
    try {
      threads.emplace_back(run, part);
    } catch (const std::system_error&) {
      // No more threads to be had.
      run(part);
    }
  }
  run(0);
  for (std::thread& thread : threads) thread.join();
  std::vector<NodeSum> sums(table.size());
  for (const Summer& summer : summers) summer.AddTo(&sums);
  return sums;
}

}  // namespace cpprof::graph
