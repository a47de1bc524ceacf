// SPDX-License-Identifier: Apache-2.0
//
// The plugin that loader.c opens.
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

struct Resident {
  Resident() : text(50000, 'r') {}
  ~Resident() { std::vector<char>(60000).swap(text); }
  std::vector<char> text;
};

Resident resident;
thread_local std::unique_ptr<std::string> per_thread;

void ThrowFrom(int level, int value) {
  std::string frame(1000 + level, 'x');
  if (level == 0) {
    throw std::runtime_error(std::to_string(value));
  }
  ThrowFrom(level - 1, value);
}

}  // namespace

extern "C" __attribute__((visibility("default"))) int plugin_work(int value) {
  per_thread = std::make_unique<std::string>(3000, 't');
  try {
    ThrowFrom(5, value);
  } catch (const std::exception& error) {
    return std::stoi(error.what()) + static_cast<int>(resident.text.size());
  }
  return -1;
}
