// SPDX-License-Identifier: Apache-2.0
#include "tools/profile/legacy/pattern.h"

#include <cassert>

namespace cpprof::profile::legacy {

Pattern::Pattern(std::string_view expression)
    : expression_(re2::StringPiece(expression.data(), expression.size()), re2::RE2::Latin1) {
  assert(expression_.ok());
}

std::optional<std::vector<std::string_view>> Pattern::Find(std::string_view text) const {
  const int groups = expression_.NumberOfCapturingGroups() + 1;
  std::vector<re2::StringPiece> found(static_cast<size_t>(groups));
  if (!expression_.Match(re2::StringPiece(text.data(), text.size()), 0, text.size(),
                         re2::RE2::UNANCHORED, found.data(), groups)) {
    return std::nullopt;
  }
  std::vector<std::string_view> views;
  views.reserve(found.size());
  for (const re2::StringPiece& piece : found) views.emplace_back(piece.data(), piece.size());
  return views;
}

}  // namespace cpprof::profile::legacy
