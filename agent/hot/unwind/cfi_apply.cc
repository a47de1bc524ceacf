// SPDX-License-Identifier: Apache-2.0
//
// From a frame's rules and registers to its caller's registers.
#include <ucontext.h>

#include <cstddef>
#include <iterator>

#include "agent/hot/unwind/cfi.h"

namespace pprofagent::hot {

namespace {

// Where the ucontext_t of a signal keeps the registers 0 to 15.
constexpr uint8_t kContextSlots[] = {REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI,
                                     REG_RBP, REG_RSP, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                     REG_R12, REG_R13, REG_R14, REG_R15};

bool ReadContextSlot(int slot, uintptr_t context, StackReader* stack, uintptr_t* value) {
  const uintptr_t registers = context + offsetof(ucontext_t, uc_mcontext.gregs);
  return stack->ReadWord(registers + static_cast<uintptr_t>(slot) * sizeof(greg_t), value);
}

bool ComputeCfa(const FrameRules& rules, StackReader* stack, const Registers& registers,
                uintptr_t* cfa) {
  switch (rules.cfa) {
    case FrameRules::kCfaFromRegister:
      if (!ReadRegister(rules.cfa_register, registers, stack, cfa)) return false;
      *cfa += static_cast<uintptr_t>(rules.cfa_offset);
      return true;
    case FrameRules::kCfaExpression:
      return EvaluateExpression(rules.cfa_expression(), 0, registers, stack, cfa);
    case FrameRules::kCfaUnknown:
      break;
  }
  return false;
}

// `value` holds the register's present value.
bool ApplyRule(const RegisterRule& rule, uintptr_t cfa, const Registers& registers,
               StackReader* stack, uintptr_t* value) {
  uintptr_t address = 0;
  switch (rule.kind) {
    case RegisterRule::kUnspecified:
    case RegisterRule::kSameValue:
      return true;
    case RegisterRule::kUndefined:
      *value = 0;
      return true;
    case RegisterRule::kAtCfa:
      return stack->ReadWord(cfa + static_cast<uintptr_t>(rule.value), value);
    case RegisterRule::kIsCfa:
      *value = cfa + static_cast<uintptr_t>(rule.value);
      return true;
    case RegisterRule::kAtExpression:
      return EvaluateExpression(rule.expression(), cfa, registers, stack, &address) &&
             stack->ReadWord(address, value);
    case RegisterRule::kIsExpression:
      return EvaluateExpression(rule.expression(), cfa, registers, stack, value);
    case RegisterRule::kInRegister:
      return ReadRegister(static_cast<uint64_t>(rule.value), registers, stack, value);
  }
  return false;
}

// A signal frame's stack pointer is the address of its ucontext_t; 0 if this is
// another kind of frame after all.
uintptr_t ContextBelow(const Registers& frame, const Registers& interrupted, StackReader* stack) {
  uintptr_t sp = 0;
  const bool same = ReadContextSlot(REG_RSP, frame.sp, stack, &sp) && sp == interrupted.sp;
  return same ? frame.sp : 0;
}

}  // namespace

bool ReadRegister(uint64_t number, const Registers& registers, StackReader* stack,
                  uintptr_t* value) {
  switch (number) {
    case kDwarfRbx:
      *value = registers.bx;
      return true;
    case kDwarfRbp:
      *value = registers.bp;
      return true;
    case kDwarfRsp:
      *value = registers.sp;
      return true;
    case kDwarfReturnAddress:
      *value = registers.pc;
      return true;
    default:
      return number < std::size(kContextSlots) && registers.context != 0 &&
             ReadContextSlot(kContextSlots[number], registers.context, stack, value);
  }
}

bool ApplyFrameRules(const FrameRules& rules, StackReader* stack, Registers* registers) {
  const Registers callee = *registers;
  uintptr_t cfa = 0;
  if (!ComputeCfa(rules, stack, callee, &cfa)) return false;
  Registers caller = callee;
  caller.sp = cfa;
  if (!ApplyRule(rules.return_address, cfa, callee, stack, &caller.pc)) return false;
  if (!ApplyRule(rules.stack_pointer, cfa, callee, stack, &caller.sp)) return false;
  // The others spoil the walk only if a caller uses them.
  if (!ApplyRule(rules.frame_pointer, cfa, callee, stack, &caller.bp)) caller.bp = kUnknownRegister;
  if (!ApplyRule(rules.rbx, cfa, callee, stack, &caller.bx)) caller.bx = kUnknownRegister;
  caller.context = rules.signal_frame ? ContextBelow(callee, caller, stack) : 0;
  *registers = caller;
  return true;
}

}  // namespace pprofagent::hot
