// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/unwind/cfi.h"

#include "agent/hot/unwind/byte_reader.h"
#include "agent/hot/unwind/cfi_records.h"

namespace pprofagent::hot {

namespace {

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

  // Of the registers that are not followed two are of interest.
  void NoteSaved(uint64_t number, bool saved) {
    if (number > kDwarfRdx) return;
    const auto bit = static_cast<uint8_t>(1u << number);
    const unsigned others = rules_->eh_data_saved & ~unsigned{bit};
    rules_->eh_data_saved = static_cast<uint8_t>(saved ? others | bit : others);
  }

  void Set(uint64_t number, RegisterRule::Kind kind, int64_t value = 0) {
    NoteSaved(number, kind == RegisterRule::kAtCfa);
    if (RegisterRule* rule = RuleOf(number, rules_)) *rule = RegisterRule{kind, 0, value};
  }

  void SetExpression(ByteReader* in, uint64_t number, RegisterRule::Kind kind) {
    const Expression expression = ReadExpression(in);
    NoteSaved(number, false);
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
    NoteSaved(number, number <= kDwarfRdx && ((initial_.eh_data_saved >> number) & 1) != 0);
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
        next_location_ = ReadAddress(in, cie_);
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

bool RunFde(const Fde& fde, uintptr_t pc, FrameRules* rules) {
  *rules = FrameRules{};
  rules->signal_frame = fde.cie.signal_frame;
  Program program(fde.cie, rules);
  if (!program.Run(fde.cie.program, fde.cie.end, 0, UINTPTR_MAX)) return false;
  program.KeepInitial();
  return program.Run(fde.program, fde.program_end, fde.begin, pc);
}

}  // namespace

bool FindFrameRules(const CfiModule& module, uintptr_t pc, FrameRules* rules) {
  Fde fde;
  return (FindFdeInEhFrame(module, pc, &fde) ||
          (module.debug_frame != nullptr && FindFdeInDebugFrame(*module.debug_frame, pc, &fde))) &&
         RunFde(fde, pc, rules);
}

}  // namespace pprofagent::hot
