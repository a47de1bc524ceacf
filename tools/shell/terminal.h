// SPDX-License-Identifier: Apache-2.0
//
// A person at a terminal: the line is edited with libedit (the keys of Emacs, or what ~/.editrc
// says), Tab completes, Up and Ctrl-R find earlier lines, Ctrl-C drops the line, Ctrl-D on an empty
// one leaves, Ctrl-Z stops the shell, and the window may change its size. The only place that knows
// libedit.
#pragma once

#include <memory>
#include <string>

#include "tools/profile/profile.h"
#include "tools/shell/line_reader.h"

namespace cpprof::shell {

// Whether both ends are a terminal that can be written to like one.
bool IsTerminal();

class TerminalReader final : public LineReader {
 public:
  // Offers what `profile` has for completion. Null if there is no terminal to be had.
  static std::unique_ptr<TerminalReader> Open(const profile::Profile& profile);
  ~TerminalReader() override;

  bool Read(std::string* line) override;

 private:
  class Editor;
  explicit TerminalReader(std::unique_ptr<Editor> editor);

  std::unique_ptr<Editor> editor_;
};

}  // namespace cpprof::shell
