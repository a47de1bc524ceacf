// SPDX-License-Identifier: Apache-2.0
#include "agent/service/options/expand.h"

#include <unistd.h>

#include "agent/service/base/process.h"

namespace pprofagent::service {

std::string Expand(std::string_view pattern, std::string_view directory) {
  std::string expanded;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '%' || i + 1 == pattern.size()) {
      expanded += pattern[i];
      continue;
    }
    const char letter = pattern[++i];
    switch (letter) {
      case 'e':
        expanded += ExecutableName();
        break;
      case 'p':
        expanded += std::to_string(getpid());
        break;
      case 'u':
        expanded += std::to_string(geteuid());
        break;
      case 'h':
        expanded += SafeFileName(HostName());
        break;
      case 'd':
        expanded += directory;
        break;
      case '%':
        expanded += '%';
        break;
      default:
        expanded += '%';
        expanded += letter;
    }
  }
  return expanded;
}

}  // namespace pprofagent::service
