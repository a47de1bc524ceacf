// SPDX-License-Identifier: Apache-2.0
//
// What a line of the shell can go on with:
//
//     first word        commands, options, sample types
//     help X            commands, options
//     option=X          its choices; functions, label keys, units, files, as the option wants
//     command X         functions (labels for tags); behind '>' files; behind '|' nothing
//
// Names are completed from their start in any case; functions from any part of their name, since
// what is typed is an expression that matches anywhere. A function's name is offered as an
// expression that matches it: "operator\(\)", with '.' for a space, which would end the word.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tools/profile/profile.h"

namespace cpprof::shell {

struct Completion {
  // The last `replaced` bytes of the line give way to one of the words.
  size_t replaced = 0;
  // Sorted; none if nothing is known that fits.
  std::vector<std::string> words;
  // What to put behind a word that is the only one.
  std::string_view end = " ";

  // The most that can be inserted without choosing: the only word with its end, or what all have
  // in common if that goes on with what is there; otherwise nothing.
  std::string Common(std::string_view typed) const;
};

// `line` up to the cursor.
Completion Complete(std::string_view line, const profile::Profile& profile);

}  // namespace cpprof::shell
