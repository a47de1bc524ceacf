// SPDX-License-Identifier: Apache-2.0
//
// Call frame information: from a module's .eh_frame (cfi_records.h) and an address
// to the rules that give the caller's registers. Formats: the DWARF standard, version
// 5, section 6.4, and the Linux Standard Base, "Exception Frames".
//
// Nothing is decoded ahead: the linker has sorted the function table for binary
// search, and one function's program is run up to the address asked for. That
// takes 100 to 300 ns; rule_cache.h remembers the results.
//
// Of the registers only the return address, the stack pointer (CFA), the frame
// pointer and rbx are followed from frame to frame: all that code compiled by
// gcc or clang needs, and the loader's lazy binding. The others can be used in an interrupted
// frame, whose registers are all at hand: hand-written assembly of libc and libcrypto keeps its CFA
// in one of them.
//
// All functions are async-signal-safe, and safe on corrupt input as long as the
// bytes between `begin` and `end` can be read.
#pragma once

#include <cstdint>

#include "agent/hot/unwind/checked_read.h"
#include "agent/hot/unwind/registers.h"

namespace pprofagent::hot {

struct DebugFrame;
struct TableCopies;

// The bytes a module's tables may lie in, and its .eh_frame_hdr among them (null:
// it has none); and what its file says besides (debug_frame.h), or null.
struct CfiModule {
  const uint8_t* begin;
  const uint8_t* end;
  const uint8_t* eh_frame_hdr;
  const DebugFrame* debug_frame = nullptr;
  // Not null: [begin, end) may be gone, and is read by way of these.
  TableCopies* copies = nullptr;
};

// Register numbers of the x86-64 psABI.
inline constexpr uint64_t kDwarfRax = 0;
inline constexpr uint64_t kDwarfRdx = 1;
inline constexpr uint64_t kDwarfRcx = 2;
inline constexpr uint64_t kDwarfRbx = 3;
inline constexpr uint64_t kDwarfRbp = 6;
inline constexpr uint64_t kDwarfRsp = 7;
inline constexpr uint64_t kDwarfReturnAddress = 16;

struct Expression {
  const uint8_t* begin;
  uint32_t size;
};

// How a register of the caller is found. One word, because programs keep copies
// of whole rows on a stack that may be short: addresses have 48 bits, and so do
// all offsets that make sense.
struct RegisterRule {
  enum Kind : uint8_t {
    kUnspecified,   // the ABI's default: unchanged; for the stack pointer, CFA
    kUndefined,     // there is none
    kSameValue,     // unchanged
    kAtCfa,         // stored at CFA + value
    kIsCfa,         // is CFA + value
    kInRegister,    // is in the register of number `value`
    kAtExpression,  // stored where the expression says
    kIsExpression,  // is what the expression says
  };
  Kind kind : 4;
  uint16_t expression_size : 12;
  int64_t value : 48;  // or the address of the expression

  Expression expression() const {
    return {reinterpret_cast<const uint8_t*>(int64_t{value}), expression_size};
  }
};
static_assert(sizeof(RegisterRule) == 8);
inline constexpr uint64_t kLargestExpression = (1u << 12) - 1;

struct FrameRules {
  enum CfaKind : uint8_t { kCfaUnknown, kCfaFromRegister, kCfaExpression };
  CfaKind cfa;
  uint8_t cfa_register;
  // The frame was made by a signal: the caller's pc is exact.
  bool signal_frame;
  // Which of the registers 0 and 1 are saved at an offset from CFA: bits 0 and 1.
  uint8_t eh_data_saved;
  uint32_t cfa_expression_size;
  int64_t cfa_offset;  // or the address of the expression
  RegisterRule return_address;
  RegisterRule stack_pointer;
  RegisterRule frame_pointer;
  RegisterRule rbx;

  // Whether the function may end by landing where an exception is handled
  // (landing.h). rax and rdx, which tell the handler of it, are nobody's to save
  // otherwise.
  bool MayLand() const { return eh_data_saved == 3 && !signal_frame; }

  Expression cfa_expression() const {
    return {reinterpret_cast<const uint8_t*>(cfa_offset), cfa_expression_size};
  }
};
static_assert(sizeof(FrameRules) == 48);

// The rules in force at `pc`; false if the module says nothing about it, or
// nothing that can be understood.
bool FindFrameRules(const CfiModule& module, uintptr_t pc, FrameRules* rules);

// The caller's registers; false if a rule is unknown or a word unreadable.
// A return address that is undefined, the mark of an outermost frame, gives
// pc 0.
bool ApplyFrameRules(const FrameRules& rules, StackReader* stack, Registers* registers);

// The register of this DWARF number; false if it is not known.
bool ReadRegister(uint64_t number, const Registers& registers, StackReader* stack,
                  uintptr_t* value);

// The value of a DWARF expression, `initial` being on its stack already.
bool EvaluateExpression(const Expression& expression, uintptr_t initial, const Registers& registers,
                        StackReader* stack, uintptr_t* value);

}  // namespace pprofagent::hot
