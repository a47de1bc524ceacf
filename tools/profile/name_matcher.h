// SPDX-License-Identifier: Apache-2.0
//
// A regular expression against strings of a profile, each tried at most once.
#pragma once

#include <re2/re2.h>

#include <vector>

#include "tools/base/regexp.h"
#include "tools/profile/profile.h"

namespace cpprof::profile {

class NameMatcher {
 public:
  NameMatcher(const Profile& profile, const re2::RE2& expression)
      : profile_(profile), expression_(expression), known_(profile.strings->size()) {}

  bool Matches(StringId id) {
    if (known_[id] == kUnknown) {
      known_[id] = cpprof::Matches(profile_.Text(id), expression_) ? kMatch : kNoMatch;
    }
    return known_[id] == kMatch;
  }

  // By the name or the file of the line's function.
  bool Matches(const Line& line) {
    const Function& function = profile_.functions[line.function];
    return Matches(function.name) || Matches(function.filename);
  }

  // By the file of the location's mapping.
  bool MatchesMapping(const Location& location) {
    return location.mapping != kNone && Matches(profile_.mappings[location.mapping].file);
  }

 private:
  enum : char { kUnknown, kMatch, kNoMatch };

  const Profile& profile_;
  const re2::RE2& expression_;
  std::vector<char> known_;
};

}  // namespace cpprof::profile
