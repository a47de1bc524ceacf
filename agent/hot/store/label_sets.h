// SPDX-License-Identifier: Apache-2.0
//
// Every distinct set of labels, once. A label is a key and a text ("user",
// "alice") that the program attaches to what a thread does for a while; a
// thread's set is a number in its record, and every stack that is recorded of it
// carries that number (stack_table.h), so that equal stacks under different
// labels are different ones to every bucket.
//
// Who writes: threads of the program that make a set (agent/include), never a
// signal handler. Who reads: whoever records a stack reads the number only; the
// service reads the texts when it writes a profile. Sets are immutable from the
// moment they have a number and stay for the life of the process: a number once
// seen is always good.
//
// Shape: a record of hash, number, labels sorted by key, and their texts, found
// by hash in an intern_index.h and by number in blocks of 256 pointers. A thread
// writes the record, then its place in the block (release), then inserts it into
// the index; a reader loads the place with acquire. The loser of a race to insert
// the same set gives its number back, on a stack that the places of such numbers
// link; its record is lost, which is small.
//
// Bounded: 65,535 sets and 16 MiB in all, of a mapping of its own, so that a
// program which puts the number of each request into a label takes nothing from
// the stacks. When that is full, a new set is refused and counted; the thread
// keeps the labels it has.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pprofagent::hot {

struct Label {
  const char* key;    // not empty
  const char* value;  // not empty
};

inline constexpr uint32_t kMostLabelSets = 65535;
inline constexpr uint32_t kMostLabels = 32;
inline constexpr size_t kLongestLabelKey = 100;
inline constexpr size_t kLongestLabelValue = 1000;

struct LabelSet {
  uint64_t hash;
  uint32_t number;  // 1 ... kMostLabelSets; 0 is the set without labels
  uint32_t count;
  Label labels[];  // by key
};

enum class MakeLabels : uint8_t {
  kOk,
  kInvalid,  // no key, or no such set as the base
  kTooLong,  // a key, a value or the whole set
  kNotText,  // not UTF-8, which a profile must be
  kFull,     // counted
};

// The set `base` with `count` labels more, of which a later one replaces an
// earlier one of the same key, and an empty value takes its key out. Thread-safe,
// lock-free, allocation-free.
MakeLabels FindLabelSet(uint32_t base, const Label* added, size_t count, uint32_t* number);

// Null: 0, or there is no such set. Async-signal-safe.
const LabelSet* LabelSetOf(uint32_t number);

uint64_t LabelSetsRefused();
uint64_t LabelSetBytes();

}  // namespace pprofagent::hot
