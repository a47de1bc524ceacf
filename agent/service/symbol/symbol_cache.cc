// SPDX-License-Identifier: Apache-2.0
#include "agent/service/symbol/symbol_cache.h"

#include <map>
#include <mutex>
#include <unordered_map>

#include "agent/service/symbol/symbols.h"

namespace pprofagent::service {
namespace {

struct Answers {
  std::map<std::string, std::unordered_map<uint64_t, Symbol>> by_build_id;
  size_t count = 0;
};

// Made when first needed and never destroyed: a program may end while a text is
// being made. No guarded static: a child forked during its construction would
// wait for a thread it does not have.
constinit std::mutex g_mutex;
constinit Answers* g_answers = nullptr;

}  // namespace

SymbolCache::SymbolCache() : is_ours_(g_mutex.try_lock()) {
  if (is_ours_ && g_answers == nullptr) g_answers = new Answers;
}

SymbolCache::~SymbolCache() {
  if (is_ours_) g_mutex.unlock();
}

bool SymbolCache::Find(const std::string& build_id, uint64_t offset, Symbol* symbol) const {
  if (!is_ours_ || build_id.empty()) return false;
  const auto file = g_answers->by_build_id.find(build_id);
  if (file == g_answers->by_build_id.end()) return false;
  const auto answer = file->second.find(offset);
  if (answer == file->second.end()) return false;
  const uint64_t address = symbol->address;
  *symbol = answer->second;
  symbol->address = address;
  return true;
}

void SymbolCache::Remember(const std::string& build_id, uint64_t offset, const Symbol& symbol) {
  if (!is_ours_ || build_id.empty() || symbol.function.empty()) return;
  if (g_answers->count >= kMostAnswers) *g_answers = Answers();
  if (g_answers->by_build_id[build_id].insert_or_assign(offset, symbol).second) ++g_answers->count;
}

}  // namespace pprofagent::service
