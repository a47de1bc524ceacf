// SPDX-License-Identifier: Apache-2.0
//
// DWARF expressions, as far as call frame information uses them (DWARF 5,
// section 2.5): PLT stubs compute their CFA from the program counter, and a
// signal frame finds the interrupted registers through one.
#include "agent/hot/unwind/byte_reader.h"
#include "agent/hot/unwind/cfi.h"

namespace pprofagent::hot {

namespace {

// An expression may loop; none that we know of takes thirty steps.
constexpr int kMaxSteps = 256;

class Machine {
 public:
  Machine(const Expression& expression, const Registers& registers, StackReader* stack)
      : begin_(expression.begin),
        code_(expression.begin, expression.begin + expression.size),
        registers_(registers),
        memory_(stack) {}

  void Push(uintptr_t value) {
    if (depth_ < kDepth) {
      values_[depth_++] = value;
    } else {
      ok_ = false;
    }
  }

  bool Run(uintptr_t* result) {
    for (int steps = 0; ok_ && code_.ok() && !code_.empty(); ++steps) {
      if (steps == kMaxSteps) return false;
      Step(code_.Read<uint8_t>());
    }
    *result = Pop();
    return ok_ && code_.ok();
  }

 private:
  static constexpr int kDepth = 16;

  uintptr_t Pop() {
    if (depth_ == 0) {
      ok_ = false;
      return 0;
    }
    return values_[--depth_];
  }

  void PushRegister(uint64_t number, int64_t offset) {
    uintptr_t value = 0;
    ok_ = ReadRegister(number, registers_, memory_, &value) && ok_;
    Push(value + static_cast<uintptr_t>(offset));
  }

  void PushCopy(uint64_t from_top) {
    if (from_top >= static_cast<uint64_t>(depth_)) {
      ok_ = false;
    } else {
      Push(values_[depth_ - 1 - static_cast<int>(from_top)]);
    }
  }

  void Load() {
    uintptr_t word = 0;
    ok_ = memory_->ReadWord(Pop(), &word) && ok_;
    Push(word);
  }

  void Jump(int16_t offset) {
    const int64_t at = (code_.at() - begin_) + offset;
    if (at < 0 || at > code_.end() - begin_) {
      ok_ = false;
    } else {
      code_ = ByteReader(begin_ + at, code_.end());
    }
  }

  void Binary(uint8_t operation) {
    const uintptr_t b = Pop();
    const uintptr_t a = Pop();
    const auto sa = static_cast<intptr_t>(a);
    const auto sb = static_cast<intptr_t>(b);
    switch (operation) {
      case 0x1a:
        Push(a & b);
        break;
      case 0x1c:
        Push(a - b);
        break;
      case 0x1e:
        Push(a * b);
        break;
      case 0x21:
        Push(a | b);
        break;
      case 0x22:
        Push(a + b);
        break;
      case 0x24:
        Push(b < 64 ? a << b : 0);
        break;
      case 0x25:
        Push(b < 64 ? a >> b : 0);
        break;
      case 0x26:
        Push(static_cast<uintptr_t>(sa >> (b < 64 ? b : 63)));
        break;
      case 0x27:
        Push(a ^ b);
        break;
      case 0x29:
        Push(a == b);
        break;
      case 0x2a:
        Push(sa >= sb);
        break;
      case 0x2b:
        Push(sa > sb);
        break;
      case 0x2c:
        Push(sa <= sb);
        break;
      case 0x2d:
        Push(sa < sb);
        break;
      case 0x2e:
        Push(a != b);
        break;
      default:
        ok_ = false;
    }
  }

  void Step(uint8_t operation) {
    if (operation >= 0x30 && operation <= 0x4f) return Push(operation - 0x30u);
    if (operation >= 0x70 && operation <= 0x8f) {
      return PushRegister(operation - 0x70u, code_.ReadSleb());
    }
    switch (operation) {
      case 0x06:
        return Load();
      case 0x08:
        return Push(code_.Read<uint8_t>());
      case 0x09:
        return Push(static_cast<uintptr_t>(code_.Read<int8_t>()));
      case 0x0a:
        return Push(code_.Read<uint16_t>());
      case 0x0b:
        return Push(static_cast<uintptr_t>(code_.Read<int16_t>()));
      case 0x0c:
        return Push(code_.Read<uint32_t>());
      case 0x0d:
        return Push(static_cast<uintptr_t>(code_.Read<int32_t>()));
      case 0x0e:
      case 0x0f:
        return Push(code_.Read<uint64_t>());
      case 0x10:
        return Push(code_.ReadUleb());
      case 0x11:
        return Push(static_cast<uintptr_t>(code_.ReadSleb()));
      case 0x12:
        return PushCopy(0);
      case 0x13:
        Pop();
        return;
      case 0x14:
        return PushCopy(1);
      case 0x15:
        return PushCopy(code_.Read<uint8_t>());
      case 0x16: {
        const uintptr_t b = Pop();
        const uintptr_t a = Pop();
        Push(b);
        return Push(a);
      }
      case 0x1f:
        return Push(uintptr_t{0} - Pop());
      case 0x20:
        return Push(~Pop());
      case 0x23:
        return Push(Pop() + code_.ReadUleb());
      case 0x28: {
        const auto offset = code_.Read<int16_t>();
        if (Pop() != 0) Jump(offset);
        return;
      }
      case 0x2f:
        return Jump(code_.Read<int16_t>());
      case 0x92: {
        const uint64_t number = code_.ReadUleb();
        return PushRegister(number, code_.ReadSleb());
      }
      case 0x96:
        return;
      default:
        return Binary(operation);
    }
  }

  const uint8_t* const begin_;
  ByteReader code_;
  const Registers& registers_;
  StackReader* const memory_;
  uintptr_t values_[kDepth];
  int depth_ = 0;
  bool ok_ = true;
};

}  // namespace

bool EvaluateExpression(const Expression& expression, uintptr_t initial, const Registers& registers,
                        StackReader* stack, uintptr_t* value) {
  Machine machine(expression, registers, stack);
  machine.Push(initial);
  return machine.Run(value);
}

}  // namespace pprofagent::hot
