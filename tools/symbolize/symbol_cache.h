// SPDX-License-Identifier: Apache-2.0
//
// What has been found out about the addresses of a program, kept on disk for the next run: reading
// the debug information of a big program takes half a second, reading this a few milliseconds.
//
//     $CPPROF_SYMBOL_CACHE ("off": no cache), else $XDG_CACHE_HOME/cpprof, else ~/.cache/cpprof
//       <build id>.<hash of the key>       one file a key: header, key, FactTable
//
// The key is everything that an answer depends on: build id, size and time of the program and of
// its debug files, the version of this program and of libdw, and how names are demangled. A file
// with another key, a wrong checksum or a damaged table is no file; it is written anew.
//
// Writers do not wait for each other: each writes a temporary file and renames it, and the last one
// wins. When all files together exceed the limit ($CPPROF_SYMBOL_CACHE_MB, else 256), those unused
// for longest are removed. Files are for their owner only, and a directory that is somebody else's
// or writable for others is not used. Nothing that fails here is an error: there is no cache then.
#pragma once

#include <cstdint>
#include <string>

#include "tools/symbolize/fact_table.h"

namespace cpprof::symbolize {

struct CacheKey {
  std::string build_id;
  std::string details;  // all the rest
};

class SymbolCache {
 public:
  // Looks at the environment. `limit` is in bytes.
  static SymbolCache FromEnvironment();
  // An empty directory: no cache.
  SymbolCache(std::string directory, uint64_t limit)
      : directory_(std::move(directory)), limit_(limit) {}

  bool enabled() const { return !directory_.empty(); }
  // Fills the empty *table with what is known; it stays empty when there is nothing.
  void Load(const CacheKey& key, FactTable* table) const;
  void Save(const CacheKey& key, const FactTable& table) const;

 private:
  std::string PathOf(const CacheKey& key) const;
  bool PrepareDirectory() const;
  void RemoveOldest() const;

  std::string directory_;
  uint64_t limit_;
};

}  // namespace cpprof::symbolize
