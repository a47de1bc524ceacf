// SPDX-License-Identifier: Apache-2.0
//
// Every loaded object that a recorded stack has led through, for good: stacks
// outlive dlclose, and what they say must still be understood when the object is
// gone, or when another one lies in its place.
//
// Who writes: the walk that first finds a frame in an object, in whatever thread
// or handler it runs; at that moment the object cannot go away, or the walk has a
// copy of its first page (vanishing_module.h). All that a profile says of a
// mapping is copied from its headers then: where its code is, its build ID, its
// file. Nothing watches dlopen or dlclose.
//
// Who reads: every walk (Module::generation, through module_lookup.h), and the
// service when it writes a profile. A record is complete before a
// compare-and-swap (release) puts it into the table, and immutable from then on,
// but for what debug_frame.h adds to it.
//
// An object that is loaded again at the same place is the record it was. One
// that is loaded where others were gets the next generation, a number that its
// frames carry (frame_word.h): equal addresses in different objects are
// different frames, and their stacks different stacks.
//
// When it is full (1,024 objects, or no memory) further objects have no record:
// their frames carry no generation and are resolved by what is loaded at the
// time of the dump. That is counted.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "agent/hot/unwind/debug_frame.h"
#include "agent/hot/unwind/elf_image.h"

namespace pprofagent::hot {

struct ModuleRecord {
  // See module_lookup.h. `key` is the part of it that takes no look at the image.
  uint64_t identity;
  uint64_t key;
  // All that the loader had mapped.
  uintptr_t begin;
  uintptr_t end;
  uint32_t generation;
  uint32_t code_segments;
  CodeSegment code[kMaxCodeSegments];
  BuildIdPlace build_id_place;
  uint8_t build_id[kMaxBuildIdBytes];
  ModuleRecord* next;  // an older one
  // See debug_frame.h.
  mutable std::atomic<const DebugFrame*> debug_frame;
  mutable std::atomic<uint8_t> debug_frame_state;
  // It is never unloaded (module_lookup.h). Set at start.
  mutable std::atomic<bool> stays;
  // As the loader calls it, absolute; empty for the main program.
  char path[];
};

// What is known of an object when it is recorded.
struct LoadedObject {
  uint64_t identity;
  uint64_t key;
  const uint8_t* begin;
  const uint8_t* end;
  BuildIdPlace build_id;
  const char* name;  // the loader's; may be null
  // Where its first page is, if it is to be read from a copy.
  const uint8_t* image = nullptr;
};

// The record of this identity, made if there is none; null if that cannot be
// (counted). Async-signal-safe, thread-safe, lock-free.
const ModuleRecord* RecordModule(const LoadedObject& object);

// Calls visit(context, record) for each, the newest first.
void VisitModuleRecords(void (*visit)(void* context, const ModuleRecord& record), void* context);

uint64_t ModulesNotRecorded();
uint64_t ModuleHistoryBytes();

}  // namespace pprofagent::hot
