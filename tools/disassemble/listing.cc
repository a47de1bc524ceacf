// SPDX-License-Identifier: Apache-2.0
#include "tools/disassemble/listing.h"

#include <re2/re2.h>

#include <limits>
#include <optional>

#include "tools/base/strings.h"

namespace cpprof::disassemble {
namespace {

// The patterns are part of what users compare: they decide which line gets which place.
struct Patterns {
  re2::RE2 instruction{R"(([[:xdigit:]]+):\s+(.*))"};
  re2::RE2 place{R"(;?\s?(.*):([0-9]+))"};
  re2::RE2 function{R"(;?\s?(\S.*)\(\):)"};
  re2::RE2 label{R"(([[:xdigit:]]+)?\s?(.*):)"};
};

// The part of the line that `pattern` matches from its start, as two texts.
bool Match(std::string_view line, const re2::RE2& pattern, re2::StringPiece* first,
           re2::StringPiece* second) {
  re2::StringPiece rest(line.data(), line.size());
  return second == nullptr ? re2::RE2::Consume(&rest, pattern, first)
                           : re2::RE2::Consume(&rest, pattern, first, second);
}

std::string_view View(const re2::StringPiece& piece) { return {piece.data(), piece.size()}; }

}  // namespace

std::vector<Instruction> ReadListing(std::string_view text) {
  const Patterns patterns;
  std::vector<Instruction> instructions;
  Instruction known;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::string_view line = TrimSpace(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    re2::StringPiece first;
    re2::StringPiece second;
    if (Match(line, patterns.instruction, &first, &second)) {
      if (const std::optional<uint64_t> address = ParseUint(View(first), 16)) {
        instructions.push_back(known);
        instructions.back().address = *address;
        instructions.back().text = View(second);
        continue;
      }
    }
    if (Match(line, patterns.place, &first, &second)) {
      const std::optional<uint64_t> number = ParseUint(View(second), 10);
      if (number && *number <= std::numeric_limits<uint32_t>::max()) {
        known.file = View(first);
        known.line = static_cast<int64_t>(*number);
      }
    } else if (Match(line, patterns.function, &first, nullptr)) {
      known.function = View(first);
    } else if (Match(line, patterns.label, &first, &second)) {
      known.function = View(second);
    } else {
      known = Instruction();
    }
  }
  return instructions;
}

}  // namespace cpprof::disassemble
