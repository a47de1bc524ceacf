// SPDX-License-Identifier: Apache-2.0
//
// The value of -symbolize: words joined by ':' that say where to look for names, whether to replace
// those the profile has, and how to demangle.
#pragma once

#include <string_view>

#include "tools/base/notices.h"
#include "tools/symbolize/demangle.h"

namespace cpprof::symbolize {

struct Mode {
  bool none = false;  // nothing at all, not even demangling
  bool local = true;
  bool remote = true;
  bool fast = false;   // names only, from symbol tables
  bool force = false;  // also what has names already
  DemangleStyle demangle = DemangleStyle::kDefault;
};

// Unknown words are reported and ignored.
Mode ParseMode(std::string_view text, Notices* notices);

}  // namespace cpprof::symbolize
