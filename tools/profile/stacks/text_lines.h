// SPDX-License-Identifier: Apache-2.0
//
// The lines of a text with their numbers, of any length.
#pragma once

#include <cstddef>
#include <string_view>

#include "tools/base/status.h"

namespace cpprof::profile::stacks {

class TextLines {
 public:
  explicit TextLines(std::string_view text) : rest_(text) {}

  // Goes to the next line; false at the end.
  bool Next();
  // The current line without its end ("\n" or "\r\n").
  std::string_view line() const { return line_; }
  size_t number() const { return number_; }

  // "FORMAT: line 12: WHAT".
  Status Error(std::string_view format, std::string_view what) const;

 private:
  std::string_view rest_;
  std::string_view line_;
  size_t number_ = 0;
};

// Whether the line is empty or a comment.
bool SaysNothing(std::string_view line);
// Whether a text file could have it: no control characters but tabs.
bool IsText(std::string_view line);

}  // namespace cpprof::profile::stacks
