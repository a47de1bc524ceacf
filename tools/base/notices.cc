// SPDX-License-Identifier: Apache-2.0
//
// See notices.h.
#include "tools/base/notices.h"

#include <cstdio>

namespace cpprof {

void StderrNotices::Print(std::string_view line) {
  std::string text(line);
  text += '\n';
  const std::lock_guard<std::mutex> lock(mutex_);
  std::fwrite(text.data(), 1, text.size(), stderr);
}

void CollectedNotices::Print(std::string_view line) {
  const std::lock_guard<std::mutex> lock(mutex_);
  lines_.emplace_back(line);
}

std::vector<std::string> CollectedNotices::lines() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return lines_;
}

}  // namespace cpprof
