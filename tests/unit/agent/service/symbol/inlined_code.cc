// SPDX-License-Identifier: Apache-2.0
//
// Functions that compilers put into each other, compiled by several of them with
// several forms of debugging information (CMakeLists.txt).
#include <algorithm>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

namespace shapes {

extern "C" int inlined_sink;
int inlined_sink;

static inline int Twice(int value) {
  inlined_sink += value;
  return 2 * value;
}

template <typename T>
inline T Fold(const std::vector<T>& values) {
  T sum{};
  for (const T& value : values) {
    if (value > 3) {
      const int doubled = Twice(static_cast<int>(value));
      sum += static_cast<T>(doubled);
    } else {
      sum += value;
    }
  }
  return sum;
}

class Account {
 public:
  explicit Account(int balance) : balance_(balance) {}
  int Withdraw(int amount) {
    if (amount > balance_) return Refuse(amount);
    balance_ -= amount;
    return balance_;
  }

 private:
  int Refuse(int amount) {
    inlined_sink = Twice(amount) - Twice(balance_);
    return -1;
  }
  int balance_;
};

__attribute__((noinline)) int Main(int argument) {
  std::vector<int> values;
  for (int i = 0; i < argument; ++i) values.push_back(Twice(i));
  Account account(Fold(values));
  std::map<int, std::string> names;
  for (const int value : values) names[value] = std::to_string(account.Withdraw(value));
  const auto longest = [](const auto& a, const auto& b) {
    return a.second.size() < b.second.size();
  };
  const auto found = std::max_element(names.begin(), names.end(), longest);
  std::sort(values.begin(), values.end(), [](int a, int b) { return Twice(a) > Twice(b); });
  switch (argument & 3) {
    case 0:
      return Twice(values.empty() ? 0 : values.front());
    case 1:
      return account.Withdraw(argument);
    default:
      return found == names.end() ? 0 : std::atoi(found->second.c_str());
  }
}

}  // namespace shapes

extern "C" int inlined_main(int argument) { return shapes::Main(argument) + shapes::Twice(1); }
