// SPDX-License-Identifier: Apache-2.0
//
// System calls without libc. libc's wrappers write errno, are cancellation
// points and may themselves be interposed by the program; hot code must be
// none of that. A result in [-4095, -1] is a negated errno, as the kernel
// returns it.
#pragma once

#include <sys/syscall.h>

#include <cstdint>
#include <type_traits>

namespace pprofagent::hot {

// Async-signal-safe, thread-safe, allocation-free; errno is untouched.
#if defined(__x86_64__)
inline long RawSyscall6(long number, long a, long b, long c, long d, long e, long f) {
  register long r10 asm("r10") = d;
  register long r8 asm("r8") = e;
  register long r9 asm("r9") = f;
  long result;
  asm volatile("syscall"
               : "=a"(result)
               : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
               : "rcx", "r11", "memory");
  return result;
}
#elif defined(__aarch64__)
inline long RawSyscall6(long number, long a, long b, long c, long d, long e, long f) {
  register long x8 asm("x8") = number;
  register long x0 asm("x0") = a;
  register long x1 asm("x1") = b;
  register long x2 asm("x2") = c;
  register long x3 asm("x3") = d;
  register long x4 asm("x4") = e;
  register long x5 asm("x5") = f;
  asm volatile("svc 0"
               : "+r"(x0)
               : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
               : "memory");
  return x0;
}
#else
#error "pprofagent knows x86-64 and AArch64"
#endif

template <typename T>
inline long SyscallArgument(T value) {
  if constexpr (std::is_pointer_v<T>) {
    return static_cast<long>(reinterpret_cast<uintptr_t>(value));
  } else if constexpr (std::is_null_pointer_v<T>) {
    return 0;
  } else {
    return static_cast<long>(value);
  }
}

template <typename... Args>
inline long RawSyscall(long number, Args... args) {
  static_assert(sizeof...(Args) <= 6);
  const long all[6] = {SyscallArgument(args)...};
  return RawSyscall6(number, all[0], all[1], all[2], all[3], all[4], all[5]);
}

inline bool IsSyscallError(long result) { return result < 0 && result >= -4095; }

}  // namespace pprofagent::hot
