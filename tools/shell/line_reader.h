// SPDX-License-Identifier: Apache-2.0
//
// Where the shell's lines come from: a person at a terminal, or a file or pipe.
#pragma once

#include <string>

namespace cpprof::shell {

class LineReader {
 public:
  virtual ~LineReader() = default;
  // The next line, without its end; false when there is none.
  virtual bool Read(std::string* line) = 0;
};

// From standard input as it is. The prompt is shown if that is a terminal.
class PlainReader final : public LineReader {
 public:
  bool Read(std::string* line) override;
};

inline constexpr char kPrompt[] = "(pprof) ";

}  // namespace cpprof::shell
