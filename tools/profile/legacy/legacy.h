// SPDX-License-Identifier: Apache-2.0
//
// The profile formats from before profile.proto: gperftools' binary CPU profiles, heap, growth,
// contention and thread listings, Go's counts, and Java's variants of them. Each format has its
// parser in a file of its own; Parse asks them one after the other. The door of this folder.
#pragma once

#include <string_view>

#include "tools/base/status.h"
#include "tools/profile/profile.h"

namespace cpprof::profile::legacy {

// "unrecognized profile format" if no parser knows the bytes; a parser that knows them and finds
// them damaged says what is wrong.
Result<Profile> Parse(std::string_view bytes);

}  // namespace cpprof::profile::legacy
