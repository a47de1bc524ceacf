// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/store/label_sets.h"

#include <atomic>

#include "agent/hot/rt/mapped_pool.h"
#include "agent/hot/store/intern_index.h"
#include "agent/hot/store/utf8.h"

namespace pprofagent::hot {

namespace {

// The address of the number's set, or with kSpare set what Spare packs.
using Place = std::atomic<uintptr_t>;
constexpr uintptr_t kSpare = 1;
static_assert(alignof(LabelSet) > kSpare);

constexpr uint32_t kBlockSets = 256;
struct Block {
  Place places[kBlockSets];
};

// The stack of numbers given back: its top, and how often it was changed, so that nobody
// takes a number off by what it saw before others took it and gave it back.
struct Spare {
  uint32_t top;  // 0: none
  uint32_t changes;

  constexpr uint64_t Pack() const { return uint64_t{changes} << 32 | top; }
  static constexpr Spare Unpack(uint64_t word) {
    return {static_cast<uint32_t>(word), static_cast<uint32_t>(word >> 32)};
  }
};

constinit MappedPool g_pool(size_t{64} << 10, size_t{16} << 20);
constinit InternIndex<LabelSet> g_index(&g_pool);
constinit std::atomic<Block*> g_blocks[(kMostLabelSets + 1) / kBlockSets] = {};
constinit std::atomic<uint32_t> g_last_number{0};
constinit std::atomic<uint64_t> g_spare{0};
constinit std::atomic<uint64_t> g_refused{0};

// Labels by key, one for each; the texts are still where the caller has them.
struct Draft {
  uint32_t count = 0;
  Label labels[kMostLabels];
};

// -1, 0 or 1, as strcmp.
int Compare(const char* a, const char* b) {
  while (*a != '\0' && *a == *b) {
    ++a;
    ++b;
  }
  const auto left = static_cast<unsigned char>(*a);
  const auto right = static_cast<unsigned char>(*b);
  return left < right ? -1 : left > right;
}

size_t Length(const char* text) {
  size_t length = 0;
  while (text[length] != '\0') ++length;
  return length;
}

// The text's length, if it may be in a set.
MakeLabels Check(const char* text, size_t longest) {
  size_t length = 0;
  while (length <= longest && text[length] != '\0') ++length;
  if (length > longest) return MakeLabels::kTooLong;
  return IsUtf8(text, length) ? MakeLabels::kOk : MakeLabels::kNotText;
}

MakeLabels Check(const Label& label) {
  if (label.key == nullptr || label.value == nullptr || *label.key == '\0') {
    return MakeLabels::kInvalid;
  }
  const MakeLabels key = Check(label.key, kLongestLabelKey);
  return key != MakeLabels::kOk ? key : Check(label.value, kLongestLabelValue);
}

// Where the key is, or belongs.
uint32_t PlaceOf(const char* key, const Draft& draft, bool* is_there) {
  uint32_t place = 0;
  int order = -1;
  while (place < draft.count && (order = Compare(draft.labels[place].key, key)) < 0) ++place;
  *is_there = place < draft.count && order == 0;
  return place;
}

void TakeOut(uint32_t place, Draft* draft) {
  --draft->count;
  for (uint32_t i = place; i < draft->count; ++i) draft->labels[i] = draft->labels[i + 1];
}

MakeLabels Put(const Label& label, Draft* draft) {
  const MakeLabels checked = Check(label);
  if (checked != MakeLabels::kOk) return checked;
  bool is_there = false;
  const uint32_t place = PlaceOf(label.key, *draft, &is_there);
  if (*label.value == '\0') {
    if (is_there) TakeOut(place, draft);
    return MakeLabels::kOk;
  }
  if (!is_there) {
    if (draft->count == kMostLabels) return MakeLabels::kTooLong;
    for (uint32_t i = draft->count; i > place; --i) draft->labels[i] = draft->labels[i - 1];
    ++draft->count;
  }
  draft->labels[place] = label;
  return MakeLabels::kOk;
}

uint64_t HashWith(uint64_t hash, const char* text) {
  constexpr uint64_t kPrime = 0x100000001b3;
  for (; *text != '\0'; ++text) hash = (hash ^ static_cast<unsigned char>(*text)) * kPrime;
  return (hash ^ 0xff) * kPrime;  // where a text ends is part of it
}

uint64_t HashOf(const Draft& draft) {
  uint64_t hash = 0xcbf29ce484222325;
  for (uint32_t i = 0; i < draft.count; ++i) {
    hash = HashWith(HashWith(hash, draft.labels[i].key), draft.labels[i].value);
  }
  // The index takes its slot from the lower bits and its tag from the upper ones.
  const auto product = static_cast<unsigned __int128>(hash) * 0xe7037ed1a0b428dbu;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

bool Equal(const LabelSet& set, uint64_t hash, const Draft& draft) {
  if (set.hash != hash || set.count != draft.count) return false;
  for (uint32_t i = 0; i < draft.count; ++i) {
    if (Compare(set.labels[i].key, draft.labels[i].key) != 0 ||
        Compare(set.labels[i].value, draft.labels[i].value) != 0) {
      return false;
    }
  }
  return true;
}

// Null: no memory.
Place* MakePlace(uint32_t number) {
  std::atomic<Block*>& link = g_blocks[number / kBlockSets];
  Block* block = link.load(std::memory_order_acquire);
  if (block == nullptr) {
    auto* fresh = static_cast<Block*>(g_pool.Allocate(sizeof(Block)));
    if (fresh == nullptr) return nullptr;
    if (link.compare_exchange_strong(block, fresh, std::memory_order_acq_rel)) block = fresh;
  }
  return &block->places[number % kBlockSets];
}

Place& PlaceOfNumber(uint32_t number) {
  Block* block = g_blocks[number / kBlockSets].load(std::memory_order_acquire);
  return block->places[number % kBlockSets];
}

bool HasNumbers() {
  return g_last_number.load(std::memory_order_relaxed) < kMostLabelSets ||
         Spare::Unpack(g_spare.load(std::memory_order_relaxed)).top != 0;
}

// Of a number that has a place and that nobody knows.
void GiveBack(uint32_t number) {
  Place& place = PlaceOfNumber(number);
  uint64_t seen = g_spare.load(std::memory_order_relaxed);
  Spare spare;
  do {
    spare = Spare::Unpack(seen);
    place.store(uintptr_t{spare.top} << 1 | kSpare, std::memory_order_relaxed);
  } while (!g_spare.compare_exchange_weak(seen, Spare{number, spare.changes + 1}.Pack(),
                                          std::memory_order_release, std::memory_order_relaxed));
}

// 0: none has been given back.
uint32_t TakeSpare() {
  uint64_t seen = g_spare.load(std::memory_order_acquire);
  for (;;) {
    const Spare spare = Spare::Unpack(seen);
    if (spare.top == 0) return 0;
    // What others have made of it meanwhile, the exchange refuses.
    const uintptr_t below = PlaceOfNumber(spare.top).load(std::memory_order_relaxed) >> 1;
    const Spare rest{static_cast<uint32_t>(below), spare.changes + 1};
    if (g_spare.compare_exchange_weak(seen, rest.Pack(), std::memory_order_acquire)) {
      return spare.top;
    }
  }
}

// 0: there are too many.
uint32_t TakeNumber() {
  if (const uint32_t spare = TakeSpare()) return spare;
  uint32_t last = g_last_number.load(std::memory_order_relaxed);
  do {
    if (last == kMostLabelSets) return 0;
  } while (!g_last_number.compare_exchange_weak(last, last + 1, std::memory_order_relaxed));
  return last + 1;
}

const char* Copy(const char* text, char** to) {
  const char* copy = *to;
  const size_t size = Length(text) + 1;
  for (size_t i = 0; i < size; ++i) (*to)[i] = text[i];
  *to += size;
  return copy;
}

LabelSet* Make(uint64_t hash, const Draft& draft) {
  size_t text_bytes = 0;
  for (uint32_t i = 0; i < draft.count; ++i) {
    text_bytes += Length(draft.labels[i].key) + Length(draft.labels[i].value) + 2;
  }
  const size_t head_bytes = sizeof(LabelSet) + draft.count * sizeof(Label);
  auto* set = static_cast<LabelSet*>(g_pool.Allocate(head_bytes + text_bytes));
  if (set == nullptr) return nullptr;
  const uint32_t number = TakeNumber();
  Place* place = number != 0 ? MakePlace(number) : nullptr;
  if (place == nullptr) return nullptr;
  char* text = reinterpret_cast<char*>(set) + head_bytes;
  set->hash = hash;
  set->number = number;
  set->count = draft.count;
  for (uint32_t i = 0; i < draft.count; ++i) {
    set->labels[i].key = Copy(draft.labels[i].key, &text);
    set->labels[i].value = Copy(draft.labels[i].value, &text);
  }
  place->store(reinterpret_cast<uintptr_t>(set), std::memory_order_release);
  return set;
}

}  // namespace

MakeLabels FindLabelSet(uint32_t base, const Label* added, size_t count, uint32_t* number) {
  Draft draft;
  if (base != 0) {
    const LabelSet* set = LabelSetOf(base);
    if (set == nullptr) return MakeLabels::kInvalid;
    draft.count = set->count;
    for (uint32_t i = 0; i < set->count; ++i) draft.labels[i] = set->labels[i];
  }
  for (size_t i = 0; i < count; ++i) {
    const MakeLabels put = Put(added[i], &draft);
    if (put != MakeLabels::kOk) return put;
  }
  *number = 0;
  if (draft.count == 0) return MakeLabels::kOk;
  const uint64_t hash = HashOf(draft);
  LabelSet* made = nullptr;
  const LabelSet* set = g_index.FindOrInsert(
      hash, [&](const LabelSet* known) { return Equal(*known, hash, draft); },
      [&] { return made = HasNumbers() ? Make(hash, draft) : nullptr; });
  if (made != nullptr && made != set) GiveBack(made->number);
  if (set == nullptr) {
    g_refused.fetch_add(1, std::memory_order_relaxed);
    return MakeLabels::kFull;
  }
  *number = set->number;
  return MakeLabels::kOk;
}

const LabelSet* LabelSetOf(uint32_t number) {
  if (number == 0 || number > kMostLabelSets) return nullptr;
  const Block* block = g_blocks[number / kBlockSets].load(std::memory_order_acquire);
  if (block == nullptr) return nullptr;
  const uintptr_t word = block->places[number % kBlockSets].load(std::memory_order_acquire);
  return (word & kSpare) == 0 ? reinterpret_cast<const LabelSet*>(word) : nullptr;
}

uint64_t LabelSetsRefused() { return g_refused.load(std::memory_order_relaxed); }
uint64_t LabelSetBytes() { return g_pool.mapped(); }

}  // namespace pprofagent::hot
