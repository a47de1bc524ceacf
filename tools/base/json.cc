// SPDX-License-Identifier: Apache-2.0
#include "tools/base/json.h"

#include <cmath>

#include "tools/base/strings.h"

namespace cpprof {
namespace {

constexpr int kIndent = 2;
constexpr std::string_view kReplacement = "\xef\xbf\xbd";

// Bytes of the code point at the start of `text`, 0 if there is none.
size_t CodePointSize(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  size_t size = 0;
  uint32_t value = 0;
  if (byte(0) < 0x80) return 1;
  if ((byte(0) & 0xe0) == 0xc0) {
    size = 2;
    value = byte(0) & 0x1f;
  } else if ((byte(0) & 0xf0) == 0xe0) {
    size = 3;
    value = byte(0) & 0x0f;
  } else if ((byte(0) & 0xf8) == 0xf0) {
    size = 4;
    value = byte(0) & 0x07;
  }
  if (size == 0 || size > text.size()) return 0;
  for (size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
    value = value << 6 | (byte(i) & 0x3f);
  }
  constexpr uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = value >= 0xd800 && value <= 0xdfff;
  return value < kSmallest[size] || value > 0x10ffff || surrogate ? 0 : size;
}

}  // namespace

std::string JsonText(std::string_view text) {
  std::string quoted = "\"";
  while (!text.empty()) {
    const char c = text[0];
    const size_t size = CodePointSize(text);
    if (size == 0) {
      quoted += kReplacement;
    } else if (c == '"' || c == '\\') {
      quoted.append(1, '\\').append(1, c);
    } else if (c == '\n') {
      quoted += "\\n";
    } else if (c == '\t') {
      quoted += "\\t";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      AppendFormat(&quoted, "\\u%04x", static_cast<unsigned>(c));
    } else {
      quoted += text.substr(0, size);
    }
    text.remove_prefix(size == 0 ? 1 : size);
  }
  return quoted + "\"";
}

std::string ShortDecimal(double number) {
  if (!std::isfinite(number)) return "0";
  std::string text = StrFormat("%.4f", number);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text == "-0" ? "0" : text;
}

void JsonWriter::Start(const char* key) {
  if (depth_ > 0) {
    out_ += first_ ? "\n" : ",\n";
    out_.append(static_cast<size_t>(depth_) * kIndent, ' ');
  }
  first_ = false;
  if (key != nullptr) out_ += JsonText(key) + ": ";
}

void JsonWriter::Begin(const char* key, char bracket) {
  Start(key);
  out_ += bracket;
  ++depth_;
  first_ = true;
}

void JsonWriter::End(char bracket) {
  --depth_;
  if (!first_) {
    out_ += "\n";
    out_.append(static_cast<size_t>(depth_) * kIndent, ' ');
  }
  out_ += bracket;
  first_ = false;
  if (depth_ == 0) out_ += "\n";
}

void JsonWriter::Text(const char* key, std::string_view text) {
  Start(key);
  out_ += JsonText(text);
}

void JsonWriter::Number(const char* key, int64_t number) {
  Start(key);
  out_ += std::to_string(number);
}

void JsonWriter::Fraction(const char* key, double number) {
  Start(key);
  out_ += ShortDecimal(number);
}

void JsonWriter::Boolean(const char* key, bool value) {
  Start(key);
  out_ += value ? "true" : "false";
}

}  // namespace cpprof
