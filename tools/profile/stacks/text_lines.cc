// SPDX-License-Identifier: Apache-2.0
#include "tools/profile/stacks/text_lines.h"

#include <algorithm>

#include "tools/base/strings.h"

namespace cpprof::profile::stacks {

bool TextLines::Next() {
  if (rest_.empty()) return false;
  const size_t end = rest_.find('\n');
  line_ = rest_.substr(0, end);
  rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
  if (!line_.empty() && line_.back() == '\r') line_.remove_suffix(1);
  ++number_;
  return true;
}

Status TextLines::Error(std::string_view format, std::string_view what) const {
  return Status::Error(std::string(format) + ": line " + std::to_string(number_) + ": " +
                       std::string(what));
}

bool SaysNothing(std::string_view line) {
  const std::string_view text = TrimSpace(line);
  return text.empty() || text[0] == '#';
}

bool IsText(std::string_view line) {
  return std::none_of(line.begin(), line.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7f;
  });
}

}  // namespace cpprof::profile::stacks
