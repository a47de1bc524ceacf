// SPDX-License-Identifier: Apache-2.0
//
// Function names and source lines for addresses of this process, for texts
// meant to be read where no tool is at hand. Symbol tables and line tables are
// streamed past the wanted addresses and not kept: memory is as many names as
// there are addresses, however large the binaries are, and what has been found is
// remembered (symbol_cache.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/service/profile/mappings.h"

namespace pprofagent::service {

struct Symbol {
  // A function that the compiler has put into this one, around the address.
  struct Inlined {
    std::string function;  // demangled
    std::string file;
    uint32_t line = 0;
  };

  uint64_t address = 0;
  std::string function;  // demangled; empty if unknown
  uint64_t offset = 0;   // of the address from the function's beginning
  // In this function: where there are inlined ones, of the outermost call of one.
  std::string file;  // empty if unknown
  uint32_t line = 0;
  std::vector<Inlined> inlined = {};  // innermost first
};

// "wolf::Howl(...)": how texts name a function that is inlined, whose arguments nobody has
// passed; and one of C the same.
std::string NameOfInlined(std::string_view function);

class Symbols {
 public:
  // Of these addresses, or words of stacks, in any order.
  static Symbols Of(std::vector<uint64_t> addresses, const Mappings& mappings);

  // One of the addresses; an empty symbol if nothing is known about it.
  const Symbol& Find(uint64_t address) const;
  size_t size() const { return symbols_.size(); }

 private:
  std::vector<Symbol> symbols_;  // by address
  Symbol unknown_;
};

}  // namespace pprofagent::service
