// SPDX-License-Identifier: Apache-2.0
//
// Integer arithmetic that has a result for every input. Profiles are input: sums of hostile values
// overflow, and a report about nonsense may show nonsense but must not be undefined behaviour. The
// results are those of two's complement, as in the reference.
#pragma once

#include <cstdint>

namespace cpprof {

inline int64_t WrapAdd(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}

inline int64_t WrapMultiply(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
}

// INT64_MIN stays what it is.
inline int64_t WrapAbs(int64_t a) {
  return a < 0 ? static_cast<int64_t>(0 - static_cast<uint64_t>(a)) : a;
}

// `b` is not 0.
inline int64_t WrapDivide(int64_t a, int64_t b) {
  return b == -1 ? static_cast<int64_t>(0 - static_cast<uint64_t>(a)) : a / b;
}

// Truncates; what does not fit becomes INT64_MIN, as the processor's conversion does.
inline int64_t TruncateToInt(double value) {
  constexpr double kLimit = 9223372036854775808.0;
  return value >= -kLimit && value < kLimit ? static_cast<int64_t>(value) : INT64_MIN;
}

}  // namespace cpprof
