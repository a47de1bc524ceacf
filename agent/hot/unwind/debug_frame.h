// SPDX-License-Identifier: Apache-2.0
//
// Call frame information that is not loaded. C programs built with
// -fno-asynchronous-unwind-tables -g describe their frames only in .debug_frame,
// a section for debuggers, which stays in the file. What hot code needs of it,
// the service reads there; this is where the two meet.
//
// Who asks: a walk that finds no rule in an object's code, in whatever thread or
// handler (WantDebugFrame: two flags are set, nothing else is done), and the
// start for the program itself, whose first stacks would otherwise be cut.
//
// Who answers: the service, one object after the other (NextWantedDebugFrame,
// GiveDebugFrame). What it gives is copied into memory of its own, read-only
// from then on, published by one store (release) into the object's record
// (module_history.h) and kept for the life of the process, as the record is.
// From that moment the object's identity is another one, so that the cached
// answers "no rule" are not found any more (rule_cache.h).
//
// When it is full (kDebugFrameLimit bytes for all objects together, or no memory)
// the object goes without, which is counted.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pprofagent::hot {

struct ModuleRecord;

struct DebugFrame {
  // A function and its FDE: offsets from the object's and the section's
  // beginning.
  struct Row {
    uint32_t function;
    uint32_t fde;
  };
  // By function.
  const Row* rows;
  uint32_t row_count;
  // The section as it is in the file.
  const uint8_t* begin;
  const uint8_t* end;
  uintptr_t module_begin;
  // From the file's addresses to those in memory.
  uintptr_t bias;
};

inline constexpr size_t kDebugFrameLimit = size_t{32} << 20;

// --- Who asks; async-signal-safe, and once asked or answered without effect.

void WantDebugFrame(const ModuleRecord* module);
// It is known to have none.
void HasNoDebugFrame(const ModuleRecord* module);
// True once after something has been asked for: the service must be told.
bool TakeDebugFrameNews();
// In the child of a fork, whose parent's service may have been told.
void RepeatDebugFrameNews();

// --- Who answers; one thread at a time.

struct WantedDebugFrame {
  const ModuleRecord* module;
  const char* path;  // empty: the main program
  const uint8_t* build_id;
  uint32_t build_id_size;  // 0: it has none
  uint64_t code_bytes;     // in whole pages, as mapped: tells files without one apart
};
// False: nothing is wanted. The same again until it is answered.
bool NextWantedDebugFrame(WantedDebugFrame* wanted);

struct DebugFrameSource {
  // By function, counted from the page of the first segment.
  const DebugFrame::Row* rows;
  uint32_t row_count;  // 0: there is nothing to give
  const uint8_t* section;
  size_t section_bytes;
  // Where the file has that page.
  uintptr_t file_begin;
};
// False: no memory, or none left for it.
bool GiveDebugFrame(const ModuleRecord* module, const DebugFrameSource& source);
// There is one, but it cannot be used. Counted.
void RefuseDebugFrame(const ModuleRecord* module);

uint64_t DebugFrameBytes();
uint64_t DebugFramesRefused();

}  // namespace pprofagent::hot
