// SPDX-License-Identifier: Apache-2.0
//
// Symbolization by the program itself: a server that hands out profiles also answers, by POST, what
// function each of a list of addresses is in. It knows names only, no files or lines.
//
//     request body   0x4011c3+0x401304
//     answer         0x4011c3 spin
//                    0x401304 main
#pragma once

#include <functional>
#include <string>

#include "tools/base/status.h"
#include "tools/fetch/mapping_sources.h"
#include "tools/profile/profile.h"

namespace cpprof::symbolize {

// Sends `body` to `url` and returns what the server answers.
using Post = std::function<Result<std::string>(const std::string& url, const std::string& body)>;

// Asks for the locations without lines of every mapping without functions (`force`: of every
// mapping) that came from a URL.
Status SymbolizeRemotely(profile::Profile* profile, bool force,
                         const fetch::MappingSources& sources, const Post& post);

}  // namespace cpprof::symbolize
