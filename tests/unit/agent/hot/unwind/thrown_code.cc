// SPDX-License-Identifier: Apache-2.0
//
// Exceptions that are worth stepping through, compiled many times over, each time
// with another compiler or other options (CMakeLists.txt): THROWN_ENTRY(n) is the
// n-th of them, -1 if there is none. Each throws through frames that have
// something to destroy, so that libgcc lands several times.
#include <unwind.h>

#include <cstdlib>
#include <cstring>

#define NOINLINE __attribute__((noinline))

namespace {

volatile int sink;

// Something to destroy.
struct Guard {
  NOINLINE explicit Guard(int value) : value_(value) { sink = sink + value; }
  NOINLINE ~Guard() { sink = sink - value_; }
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;
  int value_;
};

[[noreturn]] NOINLINE void Throw(int a) {
  sink = sink + a;
  throw a;
}

NOINLINE int Guarded(int a) {
  const Guard guard(a);
  if (a == 0) Throw(a);
  return Guarded(a - 1) + guard.value_;
}

int Straight() {
  try {
    return Guarded(1);
  } catch (int value) {
    return value;
  }
}

// Frames that are only passed.
NOINLINE int Plain(int a, int (*function)(int)) {
  volatile int words[8] = {a};
  return function(words[0]) + words[1] + 1;
}
NOINLINE int PlainTwice(int a) { return Plain(a, Guarded) + a; }

int Skipped() {
  try {
    const Guard guard(2);
    return PlainTwice(1) + guard.value_;
  } catch (int value) {
    return value;
  }
}

// Frames that only hang on the frame pointer.
NOINLINE int Variable(int size) {
  auto* bytes = static_cast<char*>(__builtin_alloca(static_cast<size_t>(size)));
  memset(bytes, size, static_cast<size_t>(size));
  const Guard guard(bytes[size / 2]);
  return PlainTwice(1) + bytes[size - 1];
}

NOINLINE int CatchesVariable(int size) {
  auto* bytes = static_cast<char*>(__builtin_alloca(static_cast<size_t>(size)));
  memset(bytes, size, static_cast<size_t>(size));
  try {
    return Variable(bytes[1]) + bytes[0];
  } catch (int value) {
    return value + bytes[2];
  }
}

int VariableFrames() { return CatchesVariable(40); }

NOINLINE int Aligned(int a) {
  alignas(64) volatile char bytes[64];
  for (int i = 0; i < 64; ++i) bytes[i] = static_cast<char>(a);
  const Guard guard(bytes[a]);
  return Guarded(0) + bytes[1];
}

NOINLINE int CatchesAligned(int a) {
  alignas(64) volatile char bytes[64];
  for (int i = 0; i < 64; ++i) bytes[i] = static_cast<char>(a);
  try {
    return Plain(a, Aligned) + bytes[1];
  } catch (int value) {
    return value + bytes[2];
  }
}

int AlignedFrames() { return CatchesAligned(7); }

NOINLINE int CatchesEverything(int a) {
  const Guard guard(a);
  try {
    return Plain(a, Guarded);
  } catch (...) {
    const Guard other(a);
    throw;
  }
}

int Rethrown() {
  try {
    return CatchesEverything(0);
  } catch (int value) {
    return value;
  }
}

// An exception that is thrown and caught while another one is under way.
struct ThrowsMeanwhile {
  NOINLINE ~ThrowsMeanwhile() { sink = sink + Straight(); }
};
NOINLINE int Meanwhile(int a) {
  const ThrowsMeanwhile throws;
  const Guard guard(a);
  return Guarded(0) + guard.value_;
}

int Nested() {
  try {
    return Meanwhile(2);
  } catch (int value) {
    return value;
  }
}

// The same function catches further out; in between it catches something else.
NOINLINE int Recursive(int a) {
  const Guard guard(a);
  if (a == 0) throw 1L;
  try {
    return Recursive(a - 1) + guard.value_;
  } catch (int value) {
    return value;
  } catch (long value) {
    if (a != 2) throw;
    return static_cast<int>(value);
  }
}

int Recursion() { return Recursive(3); }

// Throws at the same depth, one after the other.
NOINLINE int SiteA(int a) {
  const Guard guard(a);
  Throw(a);
}
NOINLINE int SiteB(int a) {
  const Guard guard(a);
  throw a + 1L;
}

int Sites() {
  int (*volatile sites[])(int) = {SiteA, SiteB, SiteA};
  int sum = 0;
  for (auto& site : sites) {
    try {
      sum += site(0);
    } catch (int value) {
      sum += value;
    } catch (long value) {
      sum -= static_cast<int>(value);
    }
  }
  return sum;
}

// Arguments on the stack, of the call that throws and of calls made meanwhile.
NOINLINE int Many(int a, int b, int c, int d, int e, int f, int g, int h, int i) {
  const Guard guard(a + b + c + d + e + f);
  return g == 0 ? h + i : Many(1, 2, 3, 4, 5, 6, 0, a, b) + Guarded(g);
}

int StackArguments() {
  try {
    return Many(1, 2, 3, 4, 5, 6, 1, 7, 8) + Many(1, 2, 3, 4, 5, 6, 0, 7, 8);
  } catch (int value) {
    return value;
  }
}

struct Interface {
  virtual ~Interface() = default;
  virtual int Call(int a) = 0;
};
struct Implementation : Interface {
  NOINLINE int Call(int a) override {
    const Guard guard(a);
    return Guarded(a) + guard.value_;
  }
};

int Virtual() {
  Implementation implementation;
  Interface* volatile interface = &implementation;
  try {
    const Guard guard(1);
    return interface->Call(0) + guard.value_;
  } catch (int value) {
    return value;
  }
}

// What pthread_exit and pthread_cancel do.
_Unwind_Exception g_forced;

_Unwind_Reason_Code GoOn(int, _Unwind_Action, _Unwind_Exception_Class, _Unwind_Exception*,
                         _Unwind_Context*, void*) {
  return _URC_NO_REASON;
}

NOINLINE int Forces(int a) {
  const Guard guard(a);
  memset(&g_forced, 0, sizeof(g_forced));
  _Unwind_ForcedUnwind(&g_forced, GoOn, nullptr);
  return a;
}
NOINLINE int ForcesFromVariable(int size) {
  auto* bytes = static_cast<char*>(__builtin_alloca(static_cast<size_t>(size)));
  memset(bytes, size, static_cast<size_t>(size));
  const Guard guard(bytes[size / 2]);
  return Plain(bytes[0], Forces) + guard.value_;
}

int Forced() {
  try {
    return ForcesFromVariable(50);
  } catch (...) {  // lets anything pass but C++'s own
    return 1;
  }
}

}  // namespace

extern "C" int THROWN_ENTRY(int which) {
  int (*const all[])() = {Straight,  Skipped, VariableFrames, AlignedFrames, Rethrown, Nested,
                          Recursion, Sites,   StackArguments, Virtual,       Forced};
  if (which < 0 || which >= static_cast<int>(sizeof(all) / sizeof(all[0]))) return -1;
  sink = all[which]();
  return 0;
}
