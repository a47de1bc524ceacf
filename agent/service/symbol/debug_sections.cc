// SPDX-License-Identifier: Apache-2.0
#include "agent/service/symbol/debug_sections.h"

#include <cstring>

namespace pprofagent::service {

const std::string* DebugSections::Decompressed(std::string_view section, const Elf64_Shdr& header) {
  if ((header.sh_flags & SHF_COMPRESSED) == 0) return nullptr;
  auto entry = decompressed_.find(section);
  if (entry == decompressed_.end()) {
    entry = decompressed_.emplace(section, file_.Contents(header, kMostDecompressed)).first;
  }
  return &entry->second;
}

uint64_t DebugSections::Size(std::string_view section) {
  const Elf64_Shdr* header = file_.Section(section);
  if (header == nullptr) return 0;
  const std::string* plain = Decompressed(section, *header);
  return plain != nullptr ? plain->size() : header->sh_size;
}

std::string DebugSections::Bytes(std::string_view section, uint64_t offset, uint64_t size) {
  const Elf64_Shdr* header = file_.Section(section);
  if (header == nullptr) return std::string();
  const std::string* plain = Decompressed(section, *header);
  if (plain == nullptr) return file_.Read(*header, offset, size);
  return offset < plain->size() ? plain->substr(offset, size) : std::string();
}

std::string DebugSections::Text(std::string_view section, uint64_t offset) {
  const Elf64_Shdr* header = file_.Section(section);
  if (header == nullptr) return std::string();
  const std::string* plain = Decompressed(section, *header);
  if (plain == nullptr) return file_.Text(*header, offset);
  if (offset >= plain->size()) return std::string();
  const char* begin = plain->data() + offset;
  return std::string(begin, strnlen(begin, plain->size() - offset));
}

std::string DebugSections::TextOf(const DebugValue& value) {
  switch (value.kind) {
    case DebugValue::kText:
      return std::string(value.text);
    case DebugValue::kTextOffset:
      return Text(".debug_str", value.number);
    case DebugValue::kLineTextOffset:
      return Text(".debug_line_str", value.number);
    default:
      return std::string();
  }
}

}  // namespace pprofagent::service
