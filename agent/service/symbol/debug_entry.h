// SPDX-License-Identifier: Apache-2.0
//
// Entries of .debug_info (DWARF 4 and 5, section 7.5): a code that an abbreviation
// explains, and the values of its attributes, each of a form.
#pragma once

#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "agent/service/symbol/byte_cursor.h"

namespace pprofagent::service {

enum class DebugTag : uint64_t {
  kNone = 0,
  kLexicalBlock = 0x0b,
  kCompileUnit = 0x11,
  kInlinedSubroutine = 0x1d,
  kSubprogram = 0x2e,
  kNamespace = 0x39,
  kPartialUnit = 0x3c,
};

enum class DebugAttribute : uint64_t {
  kSibling = 0x01,
  kName = 0x03,
  kStmtList = 0x10,
  kLowPc = 0x11,
  kHighPc = 0x12,
  kAbstractOrigin = 0x31,
  kSpecification = 0x47,
  kRanges = 0x55,
  kCallFile = 0x58,
  kCallLine = 0x59,
  kLinkageName = 0x6e,
  kStrOffsetsBase = 0x72,
  kAddrBase = 0x73,
  kRnglistsBase = 0x74,
};

// What a value is; its form has decided how it was stored.
struct DebugValue {
  enum Kind : uint8_t {
    kNone,
    kNumber,
    kAddress,
    kAddressIndex,
    kUnitReference,     // from the beginning of the unit
    kSectionReference,  // from the beginning of .debug_info
    kText,
    kTextOffset,      // in .debug_str
    kLineTextOffset,  // in .debug_line_str
    kTextIndex,
    kSectionOffset,
    kRangesIndex,
    kElsewhere,  // in another file
  };
  Kind kind = kNone;
  uint64_t number = 0;
  std::string_view text;
};

struct DebugUnitFormat {
  uint16_t version = 0;
  uint8_t offset_size = 4;
  uint8_t address_size = 8;
};

// False: a form that is not known, whose length therefore is not either.
bool ReadDebugValue(uint64_t form, int64_t implicit, const DebugUnitFormat& format,
                    ByteCursor* bytes, DebugValue* value);

// The abbreviations of a unit, as far as the bytes go.
class Abbreviations {
 public:
  struct Field {
    DebugAttribute attribute;
    uint64_t form;
    int64_t implicit;
  };
  struct Abbreviation {
    DebugTag tag = DebugTag::kNone;
    std::vector<Field> fields;
  };

  // `most`: so many at the most.
  explicit Abbreviations(std::string_view bytes, size_t most = SIZE_MAX);
  // Null: there is none of that code.
  const Abbreviation* Find(uint64_t code) const;
  // Whether the end of them was in the bytes, or as many as were asked for.
  bool complete() const { return complete_; }

 private:
  std::unordered_map<uint64_t, Abbreviation> by_code_;
  bool complete_ = false;
};

}  // namespace pprofagent::service
