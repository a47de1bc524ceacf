// SPDX-License-Identifier: Apache-2.0
//
// See line_reader.h.
#include "tools/shell/line_reader.h"

#include <unistd.h>

#include <cstdio>
#include <iostream>

namespace cpprof::shell {

bool PlainReader::Read(std::string* line) {
  if (isatty(STDIN_FILENO) == 1) {
    std::fputs(kPrompt, stdout);
    std::fflush(stdout);
  }
  return static_cast<bool>(std::getline(std::cin, *line));
}

}  // namespace cpprof::shell
