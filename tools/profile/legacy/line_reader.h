// SPDX-License-Identifier: Apache-2.0
//
// The lines of a text, one after the other. A line of 64 KiB or more ends the reading with an
// error, as it does in the reference: such a "line" is a binary file. After the last line the
// current one is empty.
#pragma once

#include <string_view>

#include "tools/base/status.h"

namespace cpprof::profile::legacy {

class LineReader {
 public:
  explicit LineReader(std::string_view text) : rest_(text) {}

  // Goes to the next line; false at the end or after an error.
  bool Next();
  // The current line, without its end ("\n" or "\r\n").
  std::string_view line() const { return line_; }
  const Status& status() const { return status_; }

 private:
  std::string_view rest_;
  std::string_view line_;
  Status status_;
};

// Blank, or a '#' comment.
bool IsSpaceOrComment(std::string_view line);

}  // namespace cpprof::profile::legacy
