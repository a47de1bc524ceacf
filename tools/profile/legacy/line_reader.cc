// SPDX-License-Identifier: Apache-2.0
#include "tools/profile/legacy/line_reader.h"

#include "tools/base/strings.h"

namespace cpprof::profile::legacy {
namespace {

constexpr size_t kMaxLine = size_t{64} << 10;

}  // namespace

bool LineReader::Next() {
  line_ = {};
  if (rest_.empty() || !status_.ok()) return false;
  const size_t newline = rest_.find('\n');
  const size_t length = newline == std::string_view::npos ? rest_.size() : newline;
  // The newline counts, where there is one.
  if (length + (newline == std::string_view::npos ? 0 : 1) > kMaxLine) {
    status_ = Status::Error("bufio.Scanner: token too long");
    return false;
  }
  line_ = rest_.substr(0, length);
  rest_.remove_prefix(newline == std::string_view::npos ? length : length + 1);
  if (line_.ends_with('\r')) line_.remove_suffix(1);
  return true;
}

bool IsSpaceOrComment(std::string_view line) {
  const std::string_view trimmed = TrimSpace(line);
  return trimmed.empty() || trimmed[0] == '#';
}

}  // namespace cpprof::profile::legacy
