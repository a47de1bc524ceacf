// SPDX-License-Identifier: Apache-2.0
#include "agent/service/symbol/debug_entry.h"

namespace pprofagent::service {
namespace {

enum Form : uint64_t {
  kAddr = 0x01,
  kBlock2 = 0x03,
  kBlock4 = 0x04,
  kData2 = 0x05,
  kData4 = 0x06,
  kData8 = 0x07,
  kString = 0x08,
  kBlock = 0x09,
  kBlock1 = 0x0a,
  kData1 = 0x0b,
  kFlag = 0x0c,
  kSdata = 0x0d,
  kStrp = 0x0e,
  kUdata = 0x0f,
  kRefAddr = 0x10,
  kRef1 = 0x11,
  kRef2 = 0x12,
  kRef4 = 0x13,
  kRef8 = 0x14,
  kRefUdata = 0x15,
  kIndirect = 0x16,
  kSecOffset = 0x17,
  kExprloc = 0x18,
  kFlagPresent = 0x19,
  kStrx = 0x1a,
  kAddrx = 0x1b,
  kRefSup4 = 0x1c,
  kStrpSup = 0x1d,
  kData16 = 0x1e,
  kLineStrp = 0x1f,
  kRefSig8 = 0x20,
  kImplicitConst = 0x21,
  kLoclistx = 0x22,
  kRnglistx = 0x23,
  kRefSup8 = 0x24,
  kStrx1 = 0x25,
  kStrx2 = 0x26,
  kStrx3 = 0x27,
  kStrx4 = 0x28,
  kAddrx1 = 0x29,
  kAddrx2 = 0x2a,
  kAddrx3 = 0x2b,
  kAddrx4 = 0x2c,
  kGnuRefAlt = 0x1f20,
  kGnuStrpAlt = 0x1f21,
};

// Three bytes have no type.
uint64_t Unsigned3(ByteCursor* bytes) {
  const uint64_t low = bytes->Number<uint16_t>();
  return low | uint64_t{bytes->Number<uint8_t>()} << 16;
}

DebugValue Of(DebugValue::Kind kind, uint64_t number) {
  return {.kind = kind, .number = number, .text = {}};
}

}  // namespace

bool ReadDebugValue(uint64_t form, int64_t implicit, const DebugUnitFormat& format,
                    ByteCursor* bytes, DebugValue* value) {
  using Value = DebugValue;
  *value = {};
  switch (form) {
    case kAddr:
      *value = Of(Value::kAddress, bytes->Unsigned(format.address_size));
      break;
    case kAddrx:
      *value = Of(Value::kAddressIndex, bytes->Uleb());
      break;
    case kAddrx1:
    case kAddrx2:
      *value = Of(Value::kAddressIndex, bytes->Unsigned(form - kAddrx1 + 1));
      break;
    case kAddrx3:
      *value = Of(Value::kAddressIndex, Unsigned3(bytes));
      break;
    case kAddrx4:
      *value = Of(Value::kAddressIndex, bytes->Number<uint32_t>());
      break;
    case kFlag:
    case kData1:
      *value = Of(Value::kNumber, bytes->Number<uint8_t>());
      break;
    case kData2:
      *value = Of(Value::kNumber, bytes->Number<uint16_t>());
      break;
    case kData4:
      *value = Of(Value::kNumber, bytes->Number<uint32_t>());
      break;
    case kData8:
      *value = Of(Value::kNumber, bytes->Number<uint64_t>());
      break;
    case kUdata:
      *value = Of(Value::kNumber, bytes->Uleb());
      break;
    case kSdata:
      *value = Of(Value::kNumber, static_cast<uint64_t>(bytes->Sleb()));
      break;
    case kImplicitConst:
      *value = Of(Value::kNumber, static_cast<uint64_t>(implicit));
      break;
    case kFlagPresent:
      *value = Of(Value::kNumber, 1);
      break;
    case kData16:
      bytes->Take(16);
      break;
    case kBlock1:
      bytes->Take(bytes->Number<uint8_t>());
      break;
    case kBlock2:
      bytes->Take(bytes->Number<uint16_t>());
      break;
    case kBlock4:
      bytes->Take(bytes->Number<uint32_t>());
      break;
    case kBlock:
    case kExprloc:
      bytes->Take(bytes->Uleb());
      break;
    case kString:
      value->text = bytes->Text();
      value->kind = Value::kText;
      break;
    case kStrp:
      *value = Of(Value::kTextOffset, bytes->Unsigned(format.offset_size));
      break;
    case kLineStrp:
      *value = Of(Value::kLineTextOffset, bytes->Unsigned(format.offset_size));
      break;
    case kStrx:
      *value = Of(Value::kTextIndex, bytes->Uleb());
      break;
    case kStrx1:
    case kStrx2:
      *value = Of(Value::kTextIndex, bytes->Unsigned(form - kStrx1 + 1));
      break;
    case kStrx3:
      *value = Of(Value::kTextIndex, Unsigned3(bytes));
      break;
    case kStrx4:
      *value = Of(Value::kTextIndex, bytes->Number<uint32_t>());
      break;
    case kRef1:
      *value = Of(Value::kUnitReference, bytes->Number<uint8_t>());
      break;
    case kRef2:
      *value = Of(Value::kUnitReference, bytes->Number<uint16_t>());
      break;
    case kRef4:
      *value = Of(Value::kUnitReference, bytes->Number<uint32_t>());
      break;
    case kRef8:
      *value = Of(Value::kUnitReference, bytes->Number<uint64_t>());
      break;
    case kRefUdata:
      *value = Of(Value::kUnitReference, bytes->Uleb());
      break;
    case kRefAddr:
      *value = Of(Value::kSectionReference, bytes->Unsigned(format.offset_size));
      break;
    case kSecOffset:
      *value = Of(Value::kSectionOffset, bytes->Unsigned(format.offset_size));
      break;
    case kRnglistx:
      *value = Of(Value::kRangesIndex, bytes->Uleb());
      break;
    case kLoclistx:
      bytes->Uleb();
      break;
    case kRefSig8:
      bytes->Take(8);
      break;
    case kRefSup4:
      *value = Of(Value::kElsewhere, bytes->Number<uint32_t>());
      break;
    case kRefSup8:
      *value = Of(Value::kElsewhere, bytes->Number<uint64_t>());
      break;
    case kStrpSup:
    case kGnuRefAlt:
    case kGnuStrpAlt:
      *value = Of(Value::kElsewhere, bytes->Unsigned(format.offset_size));
      break;
    case kIndirect: {
      const uint64_t actual = bytes->Uleb();
      // Not of itself, which would go on for ever.
      return actual != kIndirect && ReadDebugValue(actual, 0, format, bytes, value);
    }
    default:
      return false;
  }
  return bytes->ok();
}

Abbreviations::Abbreviations(std::string_view bytes, size_t most) {
  ByteCursor in(bytes);
  while (in.ok() && by_code_.size() < most) {
    const uint64_t code = in.Uleb();
    if (code == 0) {
      complete_ = in.ok();
      return;
    }
    Abbreviation abbreviation;
    abbreviation.tag = static_cast<DebugTag>(in.Uleb());
    in.Take(1);  // whether it has children: the entries that end them tell as well
    while (in.ok()) {
      Field field{};
      field.attribute = static_cast<DebugAttribute>(in.Uleb());
      field.form = in.Uleb();
      if (field.form == kImplicitConst) field.implicit = in.Sleb();
      if (field.attribute == DebugAttribute{} && field.form == 0) break;
      abbreviation.fields.push_back(field);
    }
    if (in.ok()) by_code_.emplace(code, std::move(abbreviation));
  }
  complete_ = in.ok();
}

const Abbreviations::Abbreviation* Abbreviations::Find(uint64_t code) const {
  const auto entry = by_code_.find(code);
  return entry == by_code_.end() ? nullptr : &entry->second;
}

}  // namespace pprofagent::service
