// SPDX-License-Identifier: Apache-2.0
//
// Symbolization from the files on this machine: every mapping that has no names yet and whose file
// can be opened gets its locations resolved, all at once for each file. What was found out about a
// file before is taken from the cache, and what is new goes there.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tools/base/index_set.h"
#include "tools/base/notices.h"
#include "tools/profile/profile.h"
#include "tools/symbolize/answer.h"
#include "tools/symbolize/debuginfod.h"
#include "tools/symbolize/fact_table.h"
#include "tools/symbolize/mode.h"
#include "tools/symbolize/object_file.h"
#include "tools/symbolize/symbol_cache.h"
#include "tools/symbolize/tool_search.h"

namespace cpprof::symbolize {

// By StringId of a linker's name: how it is shown; kNone where nobody has found out yet.
using ReadableNames = std::vector<profile::StringId>;

class LocalSymbolizer {
 public:
  LocalSymbolizer(profile::Profile* profile, const Mode& mode, AnswerStyle style, SymbolCache cache,
                  Notices* notices);

  // What cannot be resolved stays as it is; why is said in the notices.
  void Run();

  // The readable forms that the cache has.
  void Seed(ReadableNames* names);
  // Puts what is new into the cache.
  void Save(const ReadableNames& names);

  // What to do about a mapping of which not all locations have got names; empty: nothing.
  std::string AdviceFor(profile::MappingIndex mapping) const;

 private:
  // A file with what is known about it; several mappings may share one.
  struct Source {
    std::unique_ptr<ObjectFile> object;
    FactTable facts;
    CacheKey key;
    bool cacheable = false;
    // Names of functions that were used, and are not known to have a readable form: in the profile,
    // and in `facts`.
    std::vector<std::pair<profile::StringId, std::string_view>> names;
  };
  // A mapping to resolve.
  struct Job {
    Source* source = nullptr;
    std::unique_ptr<Answerer> answerer;
    uint64_t base = 0;
    std::vector<profile::LocationIndex> locations;
  };
  struct Slice {
    const char* data = nullptr;
    size_t size = 0;
    bool operator==(const Slice&) const = default;
  };
  struct SliceHash {
    size_t operator()(const Slice& slice) const {
      return HashMix(reinterpret_cast<uintptr_t>(slice.data), slice.size);
    }
  };

  void OpenObjects();
  bool Wanted(profile::MappingIndex index, bool* missing);
  std::unique_ptr<ObjectFile> OpenObject(profile::MappingIndex index, bool* missing);
  Result<std::unique_ptr<ObjectFile>> OpenOrFetch(const profile::Mapping& mapping);
  Source* SourceFor(std::unique_ptr<ObjectFile> object);
  void Resolve(Job* job);
  void WriteLines();
  profile::StringId Keep(std::string_view text);
  profile::StringId KeepName(std::string_view name, Source* source);
  profile::FunctionIndex FunctionFor(const Frame& frame, Source* source);

  profile::Profile& profile_;
  Mode mode_;
  AnswerStyle style_;
  SymbolCache cache_;
  Notices& notices_;
  DebugInfoServers servers_;
  std::map<std::string, std::unique_ptr<Source>> sources_;  // by key
  std::map<profile::MappingIndex, Job> jobs_;
  std::map<profile::MappingIndex, std::string> failures_;
  // The same text comes from a table again and again, at the same place in memory.
  std::unordered_map<Slice, profile::StringId, SliceHash> kept_;
  // Functions made here, by name, file and start line.
  IndexSet functions_;
};

// Without cache.
void SymbolizeLocally(profile::Profile* profile, const Mode& mode, AnswerStyle style,
                      Notices* notices);

// Whether the mapping is something that never has a file with symbols: [vdso], device memory.
bool IsUnsymbolizable(std::string_view file);

}  // namespace cpprof::symbolize
