// SPDX-License-Identifier: Apache-2.0
//
// What has been found out about places in binaries, so that the second text does
// not read symbol and line tables again: of a big program that is most of the work.
//
// An answer belongs to a build ID and an offset in the file, so it stays true
// wherever and however often the file is loaded, and whatever comes to be at its
// path. Files without a build ID are not remembered, nor are places about which
// nothing was found: its names may be installed later. At most kMostAnswers; when
// there are more, all are forgotten. About 300 bytes each, 1.2 MB at the most.
//
// One for the process. Any thread may ask; whoever finds another one at it goes
// without, and so does a child forked in that moment, for ever.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace pprofagent::service {

struct Symbol;

constexpr size_t kMostAnswers = 4096;

class SymbolCache {
 public:
  // Locks it, if nobody has.
  SymbolCache();
  ~SymbolCache();
  SymbolCache(const SymbolCache&) = delete;
  SymbolCache& operator=(const SymbolCache&) = delete;

  // Everything but the address is filled in; false: not known.
  bool Find(const std::string& build_id, uint64_t offset, Symbol* symbol) const;
  void Remember(const std::string& build_id, uint64_t offset, const Symbol& symbol);

 private:
  bool is_ours_;
};

}  // namespace pprofagent::service
