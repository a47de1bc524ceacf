// SPDX-License-Identifier: Apache-2.0
//
// The words that can stand where a source can: kinds of profiles, subcommands. And what to say
// about a word that is none of them but looks as if it was meant to be.
#pragma once

#include <span>
#include <string_view>

#include "tools/base/status.h"

namespace cpprof::driver {

// The kinds of profiles that dumps have, with their aliases.
std::span<const std::string_view> Kinds();
bool IsKind(std::string_view word);

// First words that do something else than analysing a profile.
std::span<const std::string_view> Subcommands();
bool IsSubcommand(std::string_view word);

// For a word that is no file: an error with a suggestion if it is nearly a kind, a subcommand or a
// format. `before_directory`: only a kind can have been meant.
Status CheckWord(std::string_view word, bool before_directory);

}  // namespace cpprof::driver
