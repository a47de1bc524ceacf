// SPDX-License-Identifier: Apache-2.0
//
// Something of everything that C++ programs spend time on, to be compiled with
// clang: containers, strings, sorting through callbacks, virtual calls, formatted
// output, recursion, exceptions, memory. Runs until it is killed.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

std::mt19937 generator(7);
volatile size_t sink;

struct Shape {
  virtual ~Shape() = default;
  virtual double Area(int depth) const = 0;
};
struct Square : Shape {
  double Area(int depth) const override { return depth <= 0 ? 1 : Area(depth - 1) * 1.01; }
};
struct Nested : Shape {
  explicit Nested(int depth) {
    if (depth > 0) inner = std::make_unique<Nested>(depth - 1);
  }
  double Area(int depth) const override { return inner ? inner->Area(depth) + 1 : 0; }
  std::unique_ptr<Nested> inner;
};

void Containers() {
  std::map<std::string, std::vector<int>> map;
  for (int i = 0; i < 300; ++i) map[std::to_string(generator() % 1000)].push_back(i);
  for (auto& [key, values] : map) {
    std::sort(values.begin(), values.end(), [](int a, int b) { return a % 7 < b % 7; });
    sink = sink + key.size() + values.size();
  }
}

void Sorting() {
  std::vector<std::string> words;
  for (int i = 0; i < 500; ++i) words.push_back(std::to_string(generator()));
  std::function<bool(const std::string&, const std::string&)> less = std::less<>();
  std::stable_sort(words.begin(), words.end(), less);
  qsort(words.data(), 10, 1, [](const void* a, const void* b) {
    return *static_cast<const char*>(a) - *static_cast<const char*>(a) +
           static_cast<int>(sink & 0) * (b != nullptr);
  });
}

int Throw(int depth) {
  const std::string local(40, 'x');
  if (depth == 0) throw std::runtime_error(local);
  return Throw(depth - 1) + static_cast<int>(local.size());
}

void Exceptions() {
  for (int i = 0; i < 20; ++i) {
    try {
      sink = sink + static_cast<size_t>(Throw(i % 12));
    } catch (const std::exception& error) {
      sink = sink + error.what()[0];
    }
  }
}

void Text() {
  std::ostringstream out;
  for (int i = 0; i < 100; ++i) out << i * 1.5 << ' ' << std::hex << i;
  char line[64];
  for (int i = 0; i < 100; ++i) snprintf(line, sizeof(line), "%d %g %s", i, i / 3.0, "text");
  static const std::regex pattern("([0-9]+) ([a-z]*)");
  std::smatch match;
  const std::string text = "123 abc";
  sink = sink + (std::regex_match(text, match, pattern) ? 1 : 0) + out.str().size();
}

void Shapes() {
  const Nested nested(30);
  sink = sink + static_cast<size_t>(nested.Area(3) + Square().Area(30));
}

}  // namespace

int main() {
  for (;;) {
    Containers();
    Sorting();
    Exceptions();
    Text();
    Shapes();
  }
}
