// SPDX-License-Identifier: Apache-2.0
//
// Functions that are worth stepping through, compiled many times over, each
// time with another compiler or other options (CMakeLists.txt): the name of the
// entry is STEPPED_ENTRY. Each shape of frame is there once.
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static volatile int sink;

// Uses the red zone: no stack pointer is moved.
static __attribute__((noinline)) int LeafWithRedZone(int a) {
  volatile int words[16];
  for (int i = 0; i < 16; ++i) words[i] = a + i;
  return words[a & 15];
}

// More values alive than registers: every callee-saved one is pushed.
static __attribute__((noinline)) int ManyRegisters(int a) {
  int b = LeafWithRedZone(a), c = LeafWithRedZone(b), d = LeafWithRedZone(c);
  int e = LeafWithRedZone(d), f = LeafWithRedZone(e), g = LeafWithRedZone(f);
  sink += a * b + c * d + e * f + g;
  return LeafWithRedZone(a + b + c + d) + e + f + g;
}

static __attribute__((noinline)) int VariableFrame(int size) {
  char* bytes = __builtin_alloca((size_t)size);
  memset(bytes, size, (size_t)size);
  sink += bytes[size / 2];
  return ManyRegisters(bytes[size - 1]);
}

// The stack pointer is aligned at run time: CFA is in another register for a
// while and then found through an expression.
static __attribute__((noinline)) int AlignedFrame(int a) {
  _Alignas(64) volatile char bytes[64];
  for (int i = 0; i < 64; ++i) bytes[i] = (char)a;
  return VariableFrame(32 + (bytes[a & 63] & 15));
}

// An early exit: the rules change in the middle of the function and go back.
static __attribute__((noinline)) int TwoExits(int a) {
  if (a < 3) return a;
  const int left = AlignedFrame(a);
  if (left < 0) return left - a;
  return left + TwoExits(a - 3);
}

static __attribute__((noinline)) int Variadic(int count, ...) {
  va_list all;
  int sum = 0;
  va_start(all, count);
  for (int i = 0; i < count; ++i) sum += va_arg(all, int);
  va_end(all);
  return sum;
}

// Many arguments on the stack; a call in tail position.
static __attribute__((noinline)) int StackArguments(int a, int b, int c, int d, int e, int f, int g,
                                                    int h, int i, int j) {
  sink += a + b + c + d + e + f;
  return Variadic(5, g, h, i, j, a) + sink;
}

static __attribute__((noinline)) int TailCall(int a) { return ManyRegisters(a + 1); }

static jmp_buf back;
static __attribute__((noinline, noreturn)) void Leave(int value) { longjmp(back, value); }

// The call is the last instruction.
static __attribute__((noinline, noreturn)) void EndsInCall(int a) {
  sink += a;
  Leave(a | 1);
}

static int Compare(const void* a, const void* b) {
  return *(const int*)a < *(const int*)b ? -1 : *(const int*)a > *(const int*)b;
}

// Through the procedure linkage table and library code that calls back.
static __attribute__((noinline)) int ThroughLibrary(int a) {
  int words[5] = {a, 3, a + 4, 1, 2};
  qsort(words, 5, sizeof(words[0]), Compare);
  char text[16];
  strncpy(text, "12345", sizeof(text) - 1);
  return words[2] + atoi(text);
}

static __attribute__((noinline)) double Floating(double x, int n) {
  return n == 0 ? x : Floating(x * 1.5 + n, n - 1) / 2;
}

int STEPPED_ENTRY(int a) {
  int result = TwoExits(a) + TailCall(a) + ThroughLibrary(a) + (int)Floating(a, 3);
  result += StackArguments(1, 2, 3, 4, 5, 6, 7, 8, 9, a);
  if (setjmp(back) == 0) EndsInCall(a);
  return result;
}
