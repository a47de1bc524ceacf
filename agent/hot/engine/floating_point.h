// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace pprofagent::hot {

// Within the scope floating-point arithmetic is IEEE's default (round to
// nearest, no traps); afterwards the program's control and status are as they
// were. Async-signal-safe.
class FloatingPointScope {
 public:
#if defined(__x86_64__)
  FloatingPointScope() : saved_(__builtin_ia32_stmxcsr()) { __builtin_ia32_ldmxcsr(0x1f80); }
  ~FloatingPointScope() { __builtin_ia32_ldmxcsr(saved_); }

 private:
  uint32_t saved_;
#elif defined(__aarch64__)
  FloatingPointScope() {
    asm volatile("mrs %0, fpcr" : "=r"(control_));
    asm volatile("mrs %0, fpsr" : "=r"(status_));
    asm volatile("msr fpcr, %0" ::"r"(uint64_t{0}));
  }
  ~FloatingPointScope() {
    asm volatile("msr fpcr, %0" ::"r"(control_));
    asm volatile("msr fpsr, %0" ::"r"(status_));
  }

 private:
  uint64_t control_;
  uint64_t status_;
#endif

 public:
  FloatingPointScope(const FloatingPointScope&) = delete;
  FloatingPointScope& operator=(const FloatingPointScope&) = delete;
};

}  // namespace pprofagent::hot
