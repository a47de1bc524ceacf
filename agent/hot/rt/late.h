// SPDX-License-Identifier: Apache-2.0
//
// Stand-ins for the entries of a table of real functions: look everything up,
// then go on to the function that is in the table now. And the look-up.
#pragma once

#include <dlfcn.h>

namespace pprofagent::hot {

template <auto& kTable, auto kEntry, auto kResolve, typename Type = decltype(kEntry)>
struct Late;
template <auto& kTable, auto kEntry, auto kResolve, typename Table, typename Result,
          typename... Arguments>
struct Late<kTable, kEntry, kResolve, Result (*Table::*)(Arguments...)> {
  static Result Call(Arguments... arguments) {
    kResolve();
    return (kTable.*kEntry)(arguments...);
  }
};

// The next definition after ours; the entry stays as it is if there is none.
template <typename Function>
void LookupNext(const char* name, Function* entry) {
  if (void* found = dlsym(RTLD_NEXT, name)) *entry = reinterpret_cast<Function>(found);
}

}  // namespace pprofagent::hot
