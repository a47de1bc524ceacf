// SPDX-License-Identifier: Apache-2.0
//
// The allocator that serves the program's malloc, as far as its own functions are
// known. They are looked up once, when the agent starts: dlsym waits for the
// loader's lock, which a library being opened holds while its constructors run,
// and a program that hangs in one of those is one somebody will want to look at.
#pragma once

#include <cstddef>
#include <string_view>

namespace pprofagent::service {

struct Allocator {
  std::string_view name = "glibc";
  // Null: another allocator's.
  int (*mallctl)(const char*, void*, size_t*, void*, size_t) = nullptr;  // jemalloc
  void (*release_free_memory)() = nullptr;                               // tcmalloc
  void (*mi_collect)(bool) = nullptr;                                    // mimalloc
};

// While the agent starts. Not called: glibc.
void FindAllocator();
const Allocator& ProgramAllocator();

}  // namespace pprofagent::service
