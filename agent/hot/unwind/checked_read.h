// SPDX-License-Identifier: Apache-2.0
//
// Reads of a stack that may be wrong about itself. Words between the stack
// pointer and the end of the thread's stack are certainly mapped and are read
// directly. For anything else the page is probed first: rt_sigprocmask with an
// operation that does not exist copies the new mask from user memory before it
// looks at the operation, so it answers EFAULT for an unreadable address and
// EINVAL for a readable one, and changes nothing (85 ns; Abseil's
// address_is_readable.cc compares the ways to ask). The last page found readable
// is remembered. SIGSEGV stays the program's.
//
// A stack of another thread is read from a copy (StackBounds::copy): the thread
// may wake up, and its stack may go away, between a probe and the read. What lies
// outside of the copy is copied word by word.
#pragma once

#include <bit>
#include <cstdint>

// The words of a stack are not the sanitizer's variables.
#if defined(__clang__)
#define PPROFAGENT_READS_ANYTHING [[clang::no_sanitize("address")]]
#elif defined(__SANITIZE_ADDRESS__)
#define PPROFAGENT_READS_ANYTHING [[gnu::no_sanitize_address]]
#else
#define PPROFAGENT_READS_ANYTHING
#endif

namespace pprofagent::hot {

// [low, high): where the running thread's stack may be; high == 0: unknown. All
// of it above the stack pointer is mapped.
struct StackBounds {
  uintptr_t low;
  uintptr_t high;
  // Not null: what [low, high) holds, and it is another thread's stack.
  const unsigned char* copy = nullptr;
};

// The words that are certainly mapped.
class KnownWords {
 public:
  // None, if the stack is not aligned.
  KnownWords(uintptr_t low, uintptr_t high)
      : low_(low), count_((low & 7) == 0 ? (high - low) / sizeof(uintptr_t) : 0) {}

  // Whether the aligned word at `address` is one of them: the lowest bits of an
  // address that is not aligned become the highest of a large number.
  bool Has(uintptr_t address) const { return std::rotr(address - low_, 3) < count_; }

  PPROFAGENT_READS_ANYTHING static uintptr_t At(uintptr_t address) {
    return *reinterpret_cast<const uintptr_t*>(address);
  }

 private:
  const uintptr_t low_;
  const uintptr_t count_;
};

// For the duration of one walk. Async-signal-safe.
class StackReader {
 public:
  explicit StackReader(const StackBounds& bounds) : bounds_(bounds) {}

  // The walk is, or goes on, at this stack pointer. Below it the main thread's
  // stack may not be mapped yet.
  void EnterStackAt(uintptr_t sp) {
    known_low_ = known_high_ = 0;
    if (sp < bounds_.low || sp >= bounds_.high || bounds_.copy != nullptr) return;
    known_low_ = sp - kRedZone < bounds_.low ? bounds_.low : sp - kRedZone;
    known_high_ = bounds_.high;
  }

  // Where no stack goes on: the thread's first frame.
  bool IsAtTheTop(uintptr_t sp) const {
    return bounds_.copy == nullptr && bounds_.high - sp < kFirstFrame;
  }

  // The aligned word at `address`; false if there is none.
  PPROFAGENT_READS_ANYTHING bool ReadWord(uintptr_t address, uintptr_t* word) {
    if ((address & (sizeof(uintptr_t) - 1)) != 0) return false;
    const bool known = address >= known_low_ && address < known_high_;
    if (!known) {
      if (bounds_.copy != nullptr) return ReadCopied(address, word);
      if (!IsReadable(address)) return false;
    }
    *word = *reinterpret_cast<const uintptr_t*>(address);
    return true;
  }

  KnownWords Known() const { return KnownWords(known_low_, known_high_); }

 private:
  static constexpr uintptr_t kPage = 4096;
  static constexpr uintptr_t kRedZone = 128;
  static constexpr uintptr_t kFirstFrame = 64;

  bool IsReadable(uintptr_t address);
  bool ReadCopied(uintptr_t address, uintptr_t* word) const;

  const StackBounds bounds_;
  uintptr_t known_low_ = 0;
  uintptr_t known_high_ = 0;
  uintptr_t readable_page_ = 0;
};

}  // namespace pprofagent::hot
