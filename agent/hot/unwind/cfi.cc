// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/unwind/cfi.h"

#include "agent/hot/unwind/byte_reader.h"

namespace pprofagent::hot {

namespace {

// Pointer encodings (LSB, "DWARF Exception Header Encoding").
constexpr uint8_t kOmitted = 0xff;
constexpr uint8_t kFormatMask = 0x0f;
constexpr uint8_t kRelationMask = 0x70;
constexpr uint8_t kPcRelative = 0x10;
constexpr uint8_t kDataRelative = 0x30;
constexpr uint8_t kIndirect = 0x80;

// `data` is what a data-relative pointer is relative to.
uintptr_t ReadEncoded(ByteReader* in, uint8_t encoding, uintptr_t data) {
  const auto here = reinterpret_cast<uintptr_t>(in->at());
  uintptr_t value = 0;
  switch (encoding & kFormatMask) {
    case 0x00:
    case 0x04:
    case 0x0c:
      value = in->Read<uint64_t>();
      break;
    case 0x01:
      value = in->ReadUleb();
      break;
    case 0x02:
      value = in->Read<uint16_t>();
      break;
    case 0x03:
      value = in->Read<uint32_t>();
      break;
    case 0x09:
      value = static_cast<uintptr_t>(in->ReadSleb());
      break;
    case 0x0a:
      value = static_cast<uintptr_t>(in->Read<int16_t>());
      break;
    case 0x0b:
      value = static_cast<uintptr_t>(in->Read<int32_t>());
      break;
    default:
      in->Fail();
  }
  switch (encoding & kRelationMask) {
    case 0x00:
      break;
    case kPcRelative:
      value += here;
      break;
    case kDataRelative:
      value += data;
      break;
    default:
      in->Fail();
  }
  // Function addresses are never stored indirectly; nothing else is needed.
  if ((encoding & kIndirect) != 0) in->Fail();
  return value;
}

// A record of .eh_frame without its length: [begin, end), and where the field
// after the length begins (a FDE's points back to its CIE from there).
struct Entry {
  const uint8_t* id;
  const uint8_t* end;
};

bool ReadEntry(const CfiModule& module, uintptr_t address, Entry* entry) {
  const auto begin = reinterpret_cast<uintptr_t>(module.begin);
  const auto end = reinterpret_cast<uintptr_t>(module.end);
  if (address < begin || address >= end) return false;
  ByteReader in(reinterpret_cast<const uint8_t*>(address), module.end);
  uint64_t length = in.Read<uint32_t>();
  if (length == 0xffffffffu) length = in.Read<uint64_t>();
  entry->id = in.at();
  in.Take(length);
  entry->end = in.at();
  return in.ok() && length != 0;
}

struct Cie {
  uint64_t code_alignment;
  int64_t data_alignment;
  uint8_t fde_encoding;
  bool has_augmentation_data;
  bool signal_frame;
  const uint8_t* program;
  const uint8_t* end;
};

// What the augmentation string announces, as far as it matters here.
void ReadAugmentation(ByteReader* in, const char* letters, Cie* cie) {
  if (*letters != 'z') {
    if (*letters != '\0') in->Fail();
    return;
  }
  cie->has_augmentation_data = true;
  const uint64_t size = in->ReadUleb();
  const uint8_t* data = in->Take(size);
  if (!in->ok()) return;
  ByteReader fields(data, in->at());
  for (++letters; *letters != '\0' && fields.ok(); ++letters) {
    switch (*letters) {
      case 'R':
        cie->fde_encoding = fields.Read<uint8_t>();
        break;
      case 'L':
        fields.Read<uint8_t>();
        break;
      case 'S':
        cie->signal_frame = true;
        break;
      case 'P': {
        const auto encoding = fields.Read<uint8_t>();
        // Only its size matters; it may well be indirect.
        ReadEncoded(&fields, encoding & kFormatMask, 0);
        break;
      }
      default:
        return;  // the rest has its length and can be skipped
    }
  }
  if (!fields.ok()) in->Fail();
}

bool ReadCie(const CfiModule& module, uintptr_t address, Cie* cie) {
  Entry entry;
  if (!ReadEntry(module, address, &entry)) return false;
  ByteReader in(entry.id, entry.end);
  if (in.Read<uint32_t>() != 0) return false;
  const auto version = in.Read<uint8_t>();
  if (version != 1 && version != 3 && version != 4) return false;
  const auto* letters = reinterpret_cast<const char*>(in.at());
  while (in.ok() && in.Read<uint8_t>() != 0) {
  }
  if (version == 4) in.Take(2);  // address and segment size
  *cie = Cie{};
  cie->code_alignment = in.ReadUleb();
  cie->data_alignment = in.ReadSleb();
  const uint64_t return_address = version == 1 ? in.Read<uint8_t>() : in.ReadUleb();
  if (!in.ok() || return_address != kDwarfReturnAddress) return false;
  ReadAugmentation(&in, letters, cie);
  cie->program = in.at();
  cie->end = entry.end;
  return in.ok();
}

struct Fde {
  Cie cie;
  uintptr_t begin;
  uintptr_t end;
  const uint8_t* program;
  const uint8_t* program_end;
};

bool ReadFde(const CfiModule& module, uintptr_t address, Fde* fde) {
  Entry entry;
  if (!ReadEntry(module, address, &entry)) return false;
  ByteReader in(entry.id, entry.end);
  const auto back = in.Read<uint32_t>();
  if (back == 0) return false;
  if (!ReadCie(module, reinterpret_cast<uintptr_t>(entry.id) - back, &fde->cie)) return false;
  fde->begin = ReadEncoded(&in, fde->cie.fde_encoding, 0);
  fde->end = fde->begin + ReadEncoded(&in, fde->cie.fde_encoding & kFormatMask, 0);
  if (fde->cie.has_augmentation_data) {
    const uint64_t size = in.ReadUleb();
    in.Take(size);
  }
  fde->program = in.at();
  fde->program_end = entry.end;
  return in.ok();
}

// Binary search in .eh_frame_hdr; 0 if there is no table or no entry.
uintptr_t FindFde(const CfiModule& module, uintptr_t pc) {
  const auto base = reinterpret_cast<uintptr_t>(module.eh_frame_hdr);
  ByteReader in(module.eh_frame_hdr, module.end);
  const auto version = in.Read<uint8_t>();
  const auto pointer_encoding = in.Read<uint8_t>();
  const auto count_encoding = in.Read<uint8_t>();
  const auto table_encoding = in.Read<uint8_t>();
  // Every linker writes pairs of 32-bit offsets from the header.
  if (version != 1 || count_encoding == kOmitted || table_encoding != (kDataRelative | 0x0b)) {
    return 0;
  }
  if (pointer_encoding != kOmitted) ReadEncoded(&in, pointer_encoding, base);
  const uint64_t count = ReadEncoded(&in, count_encoding, base);
  struct Row {
    int32_t function;
    int32_t fde;
  };
  const uint8_t* table = in.at();
  if (!in.ok() || count == 0 || count > static_cast<uint64_t>(in.end() - table) / sizeof(Row)) {
    return 0;
  }
  const auto row = [&](uint64_t i) {
    Row r;
    memcpy(&r, table + i * sizeof(Row), sizeof(Row));
    return r;
  };
  const auto target = static_cast<int64_t>(pc - base);
  uint64_t low = 0;
  uint64_t high = count;
  while (high - low > 1) {
    const uint64_t middle = low + (high - low) / 2;
    if (row(middle).function <= target) {
      low = middle;
    } else {
      high = middle;
    }
  }
  const Row found = row(low);
  return found.function <= target ? base + static_cast<uintptr_t>(int64_t{found.fde}) : 0;
}

// Runs a call frame program and keeps the row in force.
class Program {
 public:
  Program(const Cie& cie, FrameRules* rules) : cie_(cie), rules_(rules) {}

  // Up to the row for `pc`. False: not understood.
  bool Run(const uint8_t* begin, const uint8_t* end, uintptr_t location, uintptr_t pc) {
    ByteReader in(begin, end);
    location_ = location;
    while (in.ok() && !in.empty()) {
      Step(&in);
      if (failed_ || !in.ok()) return false;
      if (location_ > pc) return true;
    }
    return in.ok();
  }

  // After the CIE's program: what DW_CFA_restore goes back to.
  void KeepInitial() { initial_ = *rules_; }

 private:
  // gcc and clang nest these once.
  static constexpr int kRememberDepth = 2;

  void Advance(uint64_t delta) { next_location_ = location_ + delta * cie_.code_alignment; }

  // Wraps around where the tables are nonsense.
  int64_t Factored(uint64_t offset) {
    return static_cast<int64_t>(offset * static_cast<uint64_t>(cie_.data_alignment));
  }

  int64_t ReadFactored(ByteReader* in) { return Factored(static_cast<uint64_t>(in->ReadSleb())); }

  void SetCfa(uint64_t number, int64_t offset) {
    SetCfaRegister(number);
    rules_->cfa_offset = offset;
  }

  // Half of a rule can be replaced only where there is one of this form.
  void ChangeCfaRegister(uint64_t number) {
    if (rules_->cfa == FrameRules::kCfaExpression) failed_ = true;
    SetCfaRegister(number);
  }

  void ChangeCfaOffset(int64_t offset) {
    if (rules_->cfa == FrameRules::kCfaExpression) failed_ = true;
    rules_->cfa_offset = offset;
  }

  void SetCfaRegister(uint64_t number) {
    const bool general = number < kDwarfReturnAddress;
    rules_->cfa = general ? FrameRules::kCfaFromRegister : FrameRules::kCfaUnknown;
    rules_->cfa_register = static_cast<uint8_t>(number);
  }

  // Null: a register that is not followed.
  static RegisterRule* RuleOf(uint64_t number, FrameRules* rules) {
    switch (number) {
      case kDwarfReturnAddress:
        return &rules->return_address;
      case kDwarfRsp:
        return &rules->stack_pointer;
      case kDwarfRbp:
        return &rules->frame_pointer;
      case kDwarfRbx:
        return &rules->rbx;
      default:
        return nullptr;
    }
  }

  void Set(uint64_t number, RegisterRule::Kind kind, int64_t value = 0) {
    if (RegisterRule* rule = RuleOf(number, rules_)) *rule = RegisterRule{kind, 0, value};
  }

  void SetExpression(ByteReader* in, uint64_t number, RegisterRule::Kind kind) {
    const Expression expression = ReadExpression(in);
    if (RegisterRule* rule = RuleOf(number, rules_)) {
      *rule = RegisterRule{kind, static_cast<uint16_t>(expression.size), AddressOf(expression)};
    }
  }

  void SetCfaExpression(const Expression& expression) {
    rules_->cfa = FrameRules::kCfaExpression;
    rules_->cfa_offset = AddressOf(expression);
    rules_->cfa_expression_size = expression.size;
  }

  void Restore(uint64_t number) {
    if (RegisterRule* rule = RuleOf(number, rules_)) *rule = *RuleOf(number, &initial_);
  }

  static int64_t AddressOf(const Expression& expression) {
    return reinterpret_cast<intptr_t>(expression.begin);
  }

  static Expression ReadExpression(ByteReader* in) {
    const uint64_t size = in->ReadUleb();
    if (size > kLargestExpression) in->Fail();
    const uint8_t* begin = in->Take(size);
    return Expression{begin, in->ok() ? static_cast<uint32_t>(size) : 0};
  }

  void Remember() {
    if (remembered_ == kRememberDepth) {
      failed_ = true;
    } else {
      memory_[remembered_++] = *rules_;
    }
  }

  void Recall() {
    if (remembered_ == 0) {
      failed_ = true;
    } else {
      *rules_ = memory_[--remembered_];
    }
  }

  void Step(ByteReader* in) {
    const auto opcode = in->Read<uint8_t>();
    const uint64_t low = opcode & 0x3f;
    next_location_ = location_;
    switch (opcode >> 6) {
      case 1:
        Advance(low);
        break;
      case 2:
        Set(low, RegisterRule::kAtCfa, Factored(in->ReadUleb()));
        break;
      case 3:
        Restore(low);
        break;
      default:
        Extended(in, opcode);
    }
    location_ = next_location_;
  }

  void Extended(ByteReader* in, uint8_t opcode) {
    switch (opcode) {
      case 0x00:
        break;    // nop
      case 0x01:  // set_loc
        next_location_ = ReadEncoded(in, cie_.fde_encoding, 0);
        break;
      case 0x02:
        Advance(in->Read<uint8_t>());
        break;  // advance_loc1
      case 0x03:
        Advance(in->Read<uint16_t>());
        break;  // advance_loc2
      case 0x04:
        Advance(in->Read<uint32_t>());
        break;  // advance_loc4
      case 0x0a:
        Remember();
        break;  // remember_state
      case 0x0b:
        Recall();
        break;      // restore_state
      case 0x0c: {  // def_cfa
        const uint64_t number = in->ReadUleb();
        SetCfa(number, static_cast<int64_t>(in->ReadUleb()));
        break;
      }
      case 0x0d:
        ChangeCfaRegister(in->ReadUleb());
        break;  // def_cfa_register
      case 0x0e:
        ChangeCfaOffset(static_cast<int64_t>(in->ReadUleb()));
        break;    // def_cfa_offset
      case 0x0f:  // def_cfa_expression
        SetCfaExpression(ReadExpression(in));
        break;
      case 0x12: {  // def_cfa_sf
        const uint64_t number = in->ReadUleb();
        SetCfa(number, ReadFactored(in));
        break;
      }
      case 0x13:
        ChangeCfaOffset(ReadFactored(in));
        break;  // def_cfa_offset_sf
      case 0x2e:
        in->ReadUleb();
        break;  // GNU_args_size
      default:
        OfRegister(in, opcode, in->ReadUleb());
    }
  }

  void OfRegister(ByteReader* in, uint8_t opcode, uint64_t number) {
    switch (opcode) {
      case 0x05:
        Set(number, RegisterRule::kAtCfa, Factored(in->ReadUleb()));
        break;
      case 0x06:
        Restore(number);
        break;
      case 0x07:
        Set(number, RegisterRule::kUndefined);
        break;
      case 0x08:
        Set(number, RegisterRule::kSameValue);
        break;
      case 0x09:
        Set(number, RegisterRule::kInRegister, static_cast<int64_t>(in->ReadUleb()));
        break;
      case 0x10:
        SetExpression(in, number, RegisterRule::kAtExpression);
        break;
      case 0x11:
        Set(number, RegisterRule::kAtCfa, ReadFactored(in));
        break;
      case 0x14:
        Set(number, RegisterRule::kIsCfa, Factored(in->ReadUleb()));
        break;
      case 0x15:
        Set(number, RegisterRule::kIsCfa, ReadFactored(in));
        break;
      case 0x16:
        SetExpression(in, number, RegisterRule::kIsExpression);
        break;
      case 0x2f:
        Set(number, RegisterRule::kAtCfa, Factored(uint64_t{0} - in->ReadUleb()));
        break;
      default:
        failed_ = true;
    }
  }

  const Cie& cie_;
  FrameRules* const rules_;
  uintptr_t location_ = 0;
  uintptr_t next_location_ = 0;
  bool failed_ = false;
  int remembered_ = 0;
  FrameRules initial_{};
  FrameRules memory_[kRememberDepth];
};

}  // namespace

bool FindFrameRules(const CfiModule& module, uintptr_t pc, FrameRules* rules) {
  const uintptr_t address = FindFde(module, pc);
  Fde fde;
  if (address == 0 || !ReadFde(module, address, &fde)) return false;
  if (pc < fde.begin || pc >= fde.end) return false;
  *rules = FrameRules{};
  rules->signal_frame = fde.cie.signal_frame;
  Program program(fde.cie, rules);
  if (!program.Run(fde.cie.program, fde.cie.end, 0, UINTPTR_MAX)) return false;
  program.KeepInitial();
  return program.Run(fde.program, fde.program_end, fde.begin, pc);
}

}  // namespace pprofagent::hot
