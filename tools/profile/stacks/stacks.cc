// SPDX-License-Identifier: Apache-2.0
#include "tools/profile/stacks/stacks.h"

namespace cpprof::profile::stacks {

Parsed Parse(std::string_view text) {
  if (Parsed parsed = ParsePerfScript(text)) return parsed;
  return ParseFolded(text);
}

}  // namespace cpprof::profile::stacks
