// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a loaded object's unwind tables, asked for the rules at some
// address, which are then applied to a small stack. The first words say where
// .eh_frame_hdr is and which addresses are asked about.
#include <cstdint>
#include <cstring>
#include <vector>

#include "agent/hot/unwind/cfi.h"

namespace {

struct Head {
  uint32_t eh_frame_hdr;
  uint32_t pc;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pprofagent::hot;
  Head head;
  if (size < sizeof(head) + 16) return 0;
  std::memcpy(&head, data, sizeof(head));
  const std::vector<uint8_t> image(data + sizeof(head), data + size);
  const CfiModule module{image.data(), image.data() + image.size(),
                         image.data() + head.eh_frame_hdr % image.size()};
  uintptr_t stack[64] = {};
  const auto low = reinterpret_cast<uintptr_t>(stack);
  for (uint32_t step = 0; step < 8; step++) {
    const uintptr_t pc = reinterpret_cast<uintptr_t>(module.begin) + head.pc + step * 7;
    FrameRules rules;
    if (!FindFrameRules(module, pc, &rules)) continue;
    StackReader reader({low, low + sizeof(stack)});
    Registers registers{};
    registers.pc = pc;
    registers.sp = low + 128;
    registers.bp = low + 256;
    reader.EnterStackAt(registers.sp);
    static_cast<void>(ApplyFrameRules(rules, &reader, &registers));
  }
  return 0;
}
