// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/rt/preload_list.h"

namespace pprofagent::hot {

namespace {

constexpr char kVariable[] = "LD_PRELOAD=";

// As the loader has it.
bool IsSeparator(char c) { return c == ':' || c == ' '; }
bool EndsEntry(char c) { return c == '\0' || IsSeparator(c); }

// The value of the variable; null: it is another.
const char* PreloadValue(const char* variable) {
  const char* name = kVariable;
  while (*name != '\0' && *name == *variable) ++name, ++variable;
  return *name == '\0' ? variable : nullptr;
}

const char* EndOfEntry(const char* entry) {
  while (!EndsEntry(*entry)) ++entry;
  return entry;
}

// Whether the last part of the path is the library's name.
bool IsLibrary(const char* entry, const char* end, const char* library) {
  const char* base = entry;
  for (const char* at = entry; at < end; ++at) {
    if (*at == '/') base = at + 1;
  }
  while (base < end && *base == *library) ++base, ++library;
  return base == end && *library == '\0';
}

bool NamesLibrary(const char* value, const char* library) {
  for (;;) {
    const char* end = EndOfEntry(value);
    if (value < end && IsLibrary(value, end, library)) return true;
    if (*end == '\0') return false;
    value = end + 1;
  }
}

// Of a variable that names the library: bytes with the end of the text.
size_t Length(const char* text) {
  const char* end = text;
  while (*end != '\0') ++end;
  return static_cast<size_t>(end - text) + 1;
}

// Writes the variable without the library's entries, each with the separator
// behind it, or the one before it if it is the last. Null: nothing is left.
char* WriteWithout(const char* value, const char* library, char* out) {
  char* const variable = out;
  for (const char* name = kVariable; *name != '\0';) *out++ = *name++;
  char* const start = out;
  bool has_entries = false;
  for (;;) {
    const char* end = EndOfEntry(value);
    const bool is_ours = value < end && IsLibrary(value, end, library);
    if (!is_ours) {
      has_entries = has_entries || value < end;
      while (value < end) *out++ = *value++;
    }
    if (*end == '\0') {
      if (is_ours && out > start) --out;
      break;
    }
    if (!is_ours) *out++ = *end;
    value = end + 1;
  }
  *out = '\0';
  return has_entries ? variable : nullptr;
}

}  // namespace

size_t EditedEnvironmentBytes(char* const* environment, const char* library) {
  if (environment == nullptr) return 0;
  size_t pointers = 1;
  size_t bytes = 0;
  for (char* const* at = environment; *at != nullptr; ++at) {
    ++pointers;
    const char* value = PreloadValue(*at);
    if (value != nullptr && NamesLibrary(value, library)) bytes += Length(*at);
  }
  return bytes == 0 ? 0 : pointers * sizeof(char*) + bytes;
}

char** EditEnvironment(char* const* environment, const char* library, void* memory) {
  size_t pointers = 1;
  for (char* const* at = environment; *at != nullptr; ++at) ++pointers;
  auto** const edited = static_cast<char**>(memory);
  char* text = reinterpret_cast<char*>(edited + pointers);
  char** next = edited;
  for (char* const* at = environment; *at != nullptr; ++at) {
    const char* value = PreloadValue(*at);
    if (value == nullptr || !NamesLibrary(value, library)) {
      *next++ = *at;
      continue;
    }
    if (char* variable = WriteWithout(value, library, text)) *next++ = variable;
    text += Length(*at);
  }
  *next = nullptr;
  return edited;
}

}  // namespace pprofagent::hot
