// SPDX-License-Identifier: Apache-2.0
//
// One unit of the big program that symbolization is measured with: templates of the standard
// library over types of its own, so that there is much to inline. tests/bench/analyzer assembles it
// many times under different names.
#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <numeric>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

namespace Unit0000 {

template <int N>
struct Item {
  std::string name;
  long weight = N;
  bool operator<(const Item& other) const {
    return weight != other.weight ? weight < other.weight : name < other.name;
  }
};

template <int N>
class Worker {
 public:
  [[gnu::noinline]] void Add(const std::string& name, long weight) {
    items_.push_back({name, weight});
    by_name_[name] = items_.back();
    index_.emplace(weight, items_.size());
  }
  [[gnu::noinline]] long Run() {
    std::sort(items_.begin(), items_.end());
    std::stable_partition(items_.begin(), items_.end(),
                          [](const Item<N>& item) { return item.weight % 2 == 0; });
    const long sum =
        std::accumulate(items_.begin(), items_.end(), 0L,
                        [](long so_far, const Item<N>& item) { return so_far + item.weight * N; });
    for (auto& [weight, place] : index_) place += static_cast<std::size_t>(weight + sum);
    std::function<long(const Item<N>&)> visit = [&](const Item<N>& item) {
      return item.weight + static_cast<long>(by_name_.count(item.name));
    };
    long total = sum;
    for (const auto& item : items_) total += visit(item);
    return total;
  }
  [[gnu::noinline]] std::variant<int, std::string, Item<N>> Find(long weight) {
    const auto found = std::lower_bound(items_.begin(), items_.end(), Item<N>{"", weight});
    if (found == items_.end()) return std::to_string(weight);
    if (found->weight % 3 == 0) return *found;
    return static_cast<int>(found->weight);
  }

 private:
  std::vector<Item<N>> items_;
  std::map<std::string, Item<N>> by_name_;
  std::unordered_multimap<long, std::size_t> index_;
};

template <int N>
[[gnu::noinline]] long Drive(const std::vector<std::string>& names) {
  auto worker = std::make_unique<Worker<N>>();
  for (const std::string& name : names) worker->Add(name, static_cast<long>(name.size()) * N);
  const auto found = worker->Find(N);
  return worker->Run() + static_cast<long>(found.index());
}

long DriveAll(const std::vector<std::string>& names) {
  return Drive<1>(names) + Drive<2>(names) + Drive<3>(names) + Drive<4>(names) + Drive<5>(names) +
         Drive<6>(names) + Drive<7>(names) + Drive<8>(names);
}

}  // namespace Unit0000
