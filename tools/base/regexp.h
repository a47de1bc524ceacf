// SPDX-License-Identifier: Apache-2.0
//
// Regular expressions of users and profiles: RE2, whose syntax is that of the reference, quiet
// about errors and with the reference's texts for them. Matching takes linear time, whatever the
// pattern.
#pragma once

#include <re2/re2.h>

#include <memory>
#include <string>
#include <string_view>

#include "tools/base/status.h"

namespace cpprof {

Result<std::shared_ptr<const re2::RE2>> CompileRegexp(std::string_view pattern);

inline bool Matches(std::string_view text, const re2::RE2& expression) {
  return re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), expression);
}

}  // namespace cpprof
