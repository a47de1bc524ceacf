// SPDX-License-Identifier: Apache-2.0
#include "tools/base/errno_text.h"

#include <cctype>
#include <system_error>

namespace cpprof {

std::string ErrnoText(int error) {
  std::string text = std::generic_category().message(error);
  // libc starts its texts with a capital letter; ours stand in the middle of a line. Abbreviations
  // ("RPC ...") keep theirs.
  if (text.size() > 1 && std::islower(static_cast<unsigned char>(text[1]))) {
    text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  }
  return text;
}

}  // namespace cpprof
