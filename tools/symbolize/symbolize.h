// SPDX-License-Identifier: Apache-2.0
//
// Turns addresses into functions, files and lines: first from the files on this machine, then from
// the program the profile came from, and at last linker names into readable ones. The door of this
// folder.
#pragma once

#include <string>

#include "tools/base/notices.h"
#include "tools/base/status.h"
#include "tools/fetch/mapping_sources.h"
#include "tools/profile/profile.h"
#include "tools/symbolize/symbol_cache.h"
#include "tools/symbolize/symbolz.h"

namespace cpprof::symbolize {

struct Options {
  std::string mode;   // -symbolize
  std::string tools;  // -tools, or $PPROF_TOOLS
  SymbolCache cache = SymbolCache("", 0);
  // Whether to say what has no names and what to do about it: one line more than the reference
  // prints, so for people and not for programs.
  bool advise = false;
};

// Edits *profile. What stays without names is no failure but said in `notices`; an error is a
// server that should have answered and did not.
Status Symbolize(profile::Profile* profile, const Options& options,
                 const fetch::MappingSources& sources, const Post& post, Notices* notices);

}  // namespace cpprof::symbolize
