// SPDX-License-Identifier: Apache-2.0
//
// The C++ runtime's per-thread record of exceptions in flight. The static
// libstdc++ has it in dynamic TLS, which a preloaded library must not use: the
// first access may allocate, wherever it happens. Defining the two accessors
// (Itanium C++ ABI: Exception Handling, 2.2.2) here, on initial-exec TLS, keeps
// the archive's own out of the link.
#include <cxxabi.h>

namespace {

struct ExceptionGlobals {
  void* caught_exceptions;
  unsigned int uncaught_exceptions;
};

constinit thread_local ExceptionGlobals t_exceptions __attribute__((tls_model("initial-exec"))){};

}  // namespace

namespace __cxxabiv1 {

extern "C" __cxa_eh_globals* __cxa_get_globals() noexcept {
  return reinterpret_cast<__cxa_eh_globals*>(&t_exceptions);
}

extern "C" __cxa_eh_globals* __cxa_get_globals_fast() noexcept {
  return reinterpret_cast<__cxa_eh_globals*>(&t_exceptions);
}

}  // namespace __cxxabiv1
