// SPDX-License-Identifier: Apache-2.0
//
// Regular expressions over lines of bytes: the old formats are described by them in the reference,
// and files in any encoding come by. Expressions are written in this folder, so a bad one is a bug.
#pragma once

#include <re2/re2.h>

#include <optional>
#include <string_view>
#include <vector>

namespace cpprof::profile::legacy {

class Pattern {
 public:
  explicit Pattern(std::string_view expression);

  // The groups of the leftmost match anywhere in `text` (group 0 is the match); groups that took no
  // part are empty.
  std::optional<std::vector<std::string_view>> Find(std::string_view text) const;
  bool Matches(std::string_view text) const { return Find(text).has_value(); }

 private:
  re2::RE2 expression_;
};

}  // namespace cpprof::profile::legacy
