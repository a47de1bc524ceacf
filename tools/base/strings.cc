// SPDX-License-Identifier: Apache-2.0
//
// See strings.h.
#include "tools/base/strings.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>

namespace cpprof {
namespace {

constexpr std::string_view kSpace = " \t\n\v\f\r";

[[gnu::format(printf, 2, 0)]] void AppendFormatV(std::string* out, const char* format,
                                                 va_list arguments) {
  va_list again;
  va_copy(again, arguments);
  char small[256];
  const int length = std::vsnprintf(small, sizeof(small), format, arguments);
  if (length < static_cast<int>(sizeof(small))) {
    if (length > 0) out->append(small, static_cast<size_t>(length));
  } else {
    const size_t at = out->size();
    out->resize(at + static_cast<size_t>(length) + 1);
    std::vsnprintf(out->data() + at, static_cast<size_t>(length) + 1, format, again);
    out->resize(at + static_cast<size_t>(length));
  }
  va_end(again);
}

// Decodes the code point at the start of `text` (not empty). Returns its length, 0 if invalid.
size_t DecodeRune(std::string_view text, uint32_t* rune) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) {
    *rune = lead;
    return 1;
  }
  const size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return 0;
  uint32_t value = lead & (0xffu >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
    value = value << 6 | (byte(i) & 0x3f);
  }
  const bool too_short = (length == 3 && value < 0x800) || (length == 4 && value < 0x10000);
  if (too_short || value > 0x10ffff || (value >= 0xd800 && value < 0xe000)) return 0;
  *rune = value;
  return length;
}

// What a terminal can be expected to show; control, format and private characters are not.
bool IsPrintable(uint32_t rune) {
  if (rune < 0x20 || rune == 0x7f) return false;
  if (rune >= 0x80 && rune <= 0xa0) return false;
  if (rune == 0xad || rune == 0xfeff) return false;
  if (rune >= 0x2000 && rune <= 0x200f) return false;
  if (rune >= 0x2028 && rune <= 0x202f) return false;
  if (rune >= 0x205f && rune <= 0x206f) return false;
  if (rune == 0x3000 || (rune >= 0xe000 && rune <= 0xf8ff)) return false;
  return rune < 0xe0000;
}

size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t substitute = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({substitute, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string StrFormat(const char* format, ...) {
  std::string out;
  va_list arguments;
  va_start(arguments, format);
  AppendFormatV(&out, format, arguments);
  va_end(arguments);
  return out;
}

void AppendFormat(std::string* out, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  AppendFormatV(out, format, arguments);
  va_end(arguments);
}

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::string Join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string out;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) out += separator;
    out += parts[i];
  }
  return out;
}

std::string_view TrimSpace(std::string_view text) {
  const size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::vector<std::string_view> Fields(std::string_view text) {
  std::vector<std::string_view> words;
  size_t at = text.find_first_not_of(kSpace);
  while (at != std::string_view::npos) {
    const size_t end = std::min(text.find_first_of(kSpace, at), text.size());
    words.push_back(text.substr(at, end - at));
    at = text.find_first_not_of(kSpace, end);
  }
  return words;
}

std::string AsciiLower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string ReplaceAll(std::string_view text, std::string_view from, std::string_view to) {
  std::string out;
  for (;;) {
    const size_t at = text.find(from);
    out += text.substr(0, at);
    if (at == std::string_view::npos) return out;
    out += to;
    text.remove_prefix(at + from.size());
  }
}

std::optional<int64_t> ParseInt(std::string_view text) {
  if (!text.empty() && text.front() == '+') {
    text.remove_prefix(1);
    if (!text.empty() && text.front() == '-') return std::nullopt;
  }
  int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value, 10);
  if (error != std::errc() || rest != end) return std::nullopt;
  return value;
}

std::optional<uint64_t> ParseUint(std::string_view text, int base) {
  if (base == 0) {
    base = 10;
    if (text.size() > 1 && text[0] == '0') {
      const bool hexadecimal = text[1] == 'x' || text[1] == 'X';
      base = hexadecimal ? 16 : 8;
      text.remove_prefix(hexadecimal ? 2 : 1);
    }
  }
  uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value, base);
  if (error != std::errc() || rest != end) return std::nullopt;
  return value;
}

std::optional<double> ParseDouble(std::string_view text) {
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || rest != end) return std::nullopt;
  return value;
}

std::string Quote(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    uint32_t rune = 0;
    const size_t length = DecodeRune(text, &rune);
    if (length == 0) {
      AppendFormat(&out, "\\x%02x", static_cast<unsigned char>(text[0]));
      text.remove_prefix(1);
      continue;
    }
    switch (rune) {
      case '\a':
        out += "\\a";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\v':
        out += "\\v";
        break;
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      default:
        if (IsPrintable(rune)) {
          out += text.substr(0, length);
        } else if (rune < 0x80) {
          AppendFormat(&out, "\\x%02x", rune);
        } else if (rune < 0x10000) {
          AppendFormat(&out, "\\u%04x", rune);
        } else {
          AppendFormat(&out, "\\U%08x", rune);
        }
    }
    text.remove_prefix(length);
  }
  return out + '"';
}

size_t RuneCount(std::string_view text) {
  size_t count = 0;
  while (!text.empty()) {
    uint32_t rune = 0;
    const size_t length = DecodeRune(text, &rune);
    text.remove_prefix(length == 0 ? 1 : length);
    ++count;
  }
  return count;
}

std::string PadLeft(std::string_view text, size_t width) {
  const size_t runes = RuneCount(text);
  std::string out(runes < width ? width - runes : 0, ' ');
  return out.append(text);
}

std::string PadRight(std::string_view text, size_t width) {
  const size_t runes = RuneCount(text);
  std::string out(text);
  return out.append(runes < width ? width - runes : 0, ' ');
}

std::optional<std::string> Nearest(std::string_view word, const std::vector<std::string>& words) {
  std::optional<std::string> best;
  // A third of the letters may be wrong, as in "tpo" or "trces".
  size_t best_distance = word.size() / 3 + 1;
  for (const std::string& candidate : words) {
    const size_t distance = EditDistance(word, candidate);
    const bool closer = distance < best_distance || (!best && distance == best_distance);
    if (closer && distance < candidate.size()) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

}  // namespace cpprof
