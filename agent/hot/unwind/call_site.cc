// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/unwind/call_site.h"

#include <string.h>

#include "agent/hot/rt/copy_memory.h"

namespace pprofagent::hot {

namespace {

constexpr size_t kEndbrSize = 4;
size_t AfterEndbr(const Code& code) {
  return code.Has(0, {0xf3, 0x0f, 0x1e, 0xfa}) ? kEndbrSize : 0;
}

uintptr_t Relative(uintptr_t from, int32_t offset) {
  return from + static_cast<uintptr_t>(static_cast<intptr_t>(offset));
}

// A jump through a pointer (a PLT entry) goes where the pointer says.
uintptr_t BehindPlt(uintptr_t target) {
  const Code code = Code::At(target);
  size_t at = AfterEndbr(code);
  if (code.Has(at, {0xf2})) ++at;
  int32_t offset = 0;
  if (!code.Has(at, {0xff, 0x25}) || !code.Read32(at + 2, &offset)) return target;
  uintptr_t pointer = 0;
  return CopyObject(Relative(target + at + 6, offset), &pointer) ? pointer : target;
}

// call r/m64 is ff /2; by the length of what follows the opcode.
bool EndsInIndirectCall(const uint8_t* bytes, size_t size) {
  for (const size_t length : {2, 3, 4, 6, 7}) {
    const uint8_t* at = bytes + size - length;
    if (at[0] != 0xff || (at[1] & 0x38) != 0x10) continue;
    const uint8_t mode = at[1] >> 6;
    const bool has_sib = mode != 3 && (at[1] & 7) == 4;
    const bool is_absolute = mode == 0 && (at[1] & 7) == 5;
    const bool is_sib_absolute = mode == 0 && has_sib && (at[2] & 7) == 5;
    const size_t displacement = mode == 1                                       ? 1
                                : (mode == 2 || is_absolute || is_sib_absolute) ? 4
                                                                                : 0;
    if (length == 2 + (has_sib ? 1u : 0u) + displacement) return true;
  }
  return false;
}

}  // namespace

Code Code::At(uintptr_t address) {
  Code code;
  code.size = CopyMemory(address, code.bytes, sizeof(code.bytes));
  return code;
}

bool Code::Has(size_t at, std::initializer_list<uint8_t> wanted) const {
  if (at + wanted.size() > size) return false;
  for (const uint8_t byte : wanted) {
    if (bytes[at++] != byte) return false;
  }
  return true;
}

bool Code::Read32(size_t at, int32_t* value) const {
  if (at + sizeof(*value) > size) return false;
  memcpy(value, bytes + at, sizeof(*value));
  return true;
}

Call CallBefore(uintptr_t return_address) {
  uint8_t bytes[7];
  if (!CopyObject(return_address - sizeof(bytes), &bytes)) return {Call::kNone, 0};
  int32_t offset = 0;
  memcpy(&offset, bytes + sizeof(bytes) - sizeof(offset), sizeof(offset));
  const uintptr_t relative = Relative(return_address, offset);
  if (bytes[2] == 0xe8) return {Call::kDirect, BehindPlt(relative)};
  if (!EndsInIndirectCall(bytes, sizeof(bytes))) return {Call::kNone, 0};
  // call *offset(%rip): how functions of other objects are called without a PLT.
  uintptr_t pointer = 0;
  const bool through_memory = bytes[1] == 0xff && bytes[2] == 0x15;
  return {Call::kIndirect, through_memory && CopyObject(relative, &pointer) ? pointer : 0};
}

}  // namespace pprofagent::hot
