// SPDX-License-Identifier: Apache-2.0
//
// Writes JSON, one member a line, indented. Commas, quotes and escapes are its business; that
// objects and arrays are closed in order is the caller's. The result is valid UTF-8 whatever the
// texts are: bytes that are not become U+FFFD.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace cpprof {

class JsonWriter {
 public:
  // Appends to *out.
  explicit JsonWriter(std::string* out) : out_(*out) {}

  // `key` is null for an element of an array and for the outermost value.
  void BeginObject(const char* key = nullptr) { Begin(key, '{'); }
  void EndObject() { End('}'); }
  void BeginArray(const char* key = nullptr) { Begin(key, '['); }
  void EndArray() { End(']'); }

  void Text(const char* key, std::string_view text);
  void Number(const char* key, int64_t number);
  // With four decimals, without zeros at the end.
  void Fraction(const char* key, double number);
  void Boolean(const char* key, bool value);

 private:
  void Start(const char* key);
  void Begin(const char* key, char bracket);
  void End(char bracket);

  std::string& out_;
  int depth_ = 0;
  bool first_ = true;
};

// "a \"quoted\"\ntext" as JSON writes it, with the quotes around it.
std::string JsonText(std::string_view text);
// 12.5, 3, 0.0312: at most four decimals.
std::string ShortDecimal(double number);

}  // namespace cpprof
