// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as an environment block: entries separated by zero bytes, each with
// and without the agent's prefix.
#include <cstdint>
#include <string>
#include <vector>

#include "agent/service/options/environment.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::vector<std::string> entries;
  std::string entry;
  for (size_t i = 0; i <= size; i++) {
    if (i < size && data[i] != 0) {
      entry.push_back(static_cast<char>(data[i]));
      continue;
    }
    entries.push_back(entry);
    entries.push_back("PPROFAGENT_" + entry);
    entry.clear();
  }
  std::vector<const char*> environment;
  for (const std::string& text : entries) environment.push_back(text.c_str());
  environment.push_back(nullptr);
  static_cast<void>(pprofagent::service::ParseEnvironment(environment.data()));
  return 0;
}
