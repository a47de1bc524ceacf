// SPDX-License-Identifier: Apache-2.0
//
// See words.h.
#include "tools/driver/words.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "tools/base/strings.h"
#include "tools/driver/commands.h"

namespace cpprof::driver {
namespace {

constexpr std::string_view kKinds[] = {"cpu",       "profile",      "heap",       "allocs",
                                       "block",     "mutex",        "contention", "threads",
                                       "goroutine", "threadcreate", "growth",     "wall"};

constexpr std::string_view kSubcommands[] = {"run",   "test",   "ctl",       "ps",
                                             "trace", "doctor", "completion"};

bool Contains(std::span<const std::string_view> words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// "tpo" and "haep" are words; "a.pb.gz", "host:80" and "./x" are not.
bool IsBareWord(std::string_view word) {
  return std::all_of(word.begin(), word.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
}

}  // namespace

std::span<const std::string_view> Kinds() { return kKinds; }
bool IsKind(std::string_view word) { return Contains(kKinds, word); }
std::span<const std::string_view> Subcommands() { return kSubcommands; }
bool IsSubcommand(std::string_view word) { return Contains(kSubcommands, word); }

Status CheckWord(std::string_view word, bool before_directory) {
  if (!IsBareWord(word) || word == "localhost") return Status::Ok();
  const std::string start = std::string(word) + " is neither a file nor ";
  if (!before_directory && FindCommand(word) != nullptr) {
    return Status::Error(start + "a host; did you mean -" + std::string(word) + "?");
  }
  std::vector<std::string> known(std::begin(kKinds), std::end(kKinds));
  if (!before_directory) {
    known.insert(known.end(), std::begin(kSubcommands), std::end(kSubcommands));
    known.emplace_back("help");
  }
  const std::optional<std::string> nearest = Nearest(word, known);
  if (nearest && *nearest == word) {
    return Status::Error(start + "followed by a dump directory");
  }
  if (nearest) return Status::Error(start + "a command; did you mean " + *nearest + "?");
  if (before_directory) {
    return Status::Error(start + "a kind of profile (" + Join(known, ", ") + ")");
  }
  return Status::Ok();
}

}  // namespace cpprof::driver
