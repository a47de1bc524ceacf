// SPDX-License-Identifier: Apache-2.0
//
// A frame as stacks keep it: one word. The lower 48 bits are the address to look
// up. The upper 16 tell apart the objects that have lain at that address one
// after the other (module_history.h): 0 for the first of them, which is nearly
// always the only one, so that a word is nearly always just an address. With all
// of the 16 set the word is no address but a mark, the outermost frame of a
// stack whose true callers are not known, and says why.
#pragma once

#include <cstdint>

namespace pprofagent::hot {

inline constexpr int kFrameAddressBits = 48;
inline constexpr uintptr_t kFrameAddressMask = (uintptr_t{1} << kFrameAddressBits) - 1;

// Which of the objects at an address: never more than this.
inline constexpr uint32_t kLastGeneration = 0xfffe;

enum class FrameMark : uint8_t {
  kTruncated,   // more frames than are recorded
  kNoRule,      // code that nothing is known about: generated, or without tables
  kBrokenStack  // the stack is not what the tables say, or cannot be read
};
inline constexpr uint32_t kFrameMarks = 3;

constexpr uintptr_t FrameAddress(uintptr_t word) { return word & kFrameAddressMask; }
constexpr uint32_t FrameGeneration(uintptr_t word) {
  return static_cast<uint32_t>(word >> kFrameAddressBits);
}

constexpr uintptr_t MarkWord(FrameMark mark) {
  return ~kFrameAddressMask | static_cast<uintptr_t>(mark);
}
constexpr bool IsMark(uintptr_t word) { return FrameGeneration(word) == 0xffff; }
constexpr FrameMark MarkOf(uintptr_t word) { return static_cast<FrameMark>(word & 0xff); }

}  // namespace pprofagent::hot
