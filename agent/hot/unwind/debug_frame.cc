// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/unwind/debug_frame.h"

#include <sys/mman.h>

#include <atomic>
#include <cstring>

#include "agent/hot/rt/mapped_pool.h"
#include "agent/hot/rt/raw_syscall.h"
#include "agent/hot/unwind/module_history.h"

namespace pprofagent::hot {

namespace {

enum State : uint8_t { kNotAsked, kWanted, kAnswered };

constinit std::atomic<uint64_t> g_unanswered{0};
constinit std::atomic<bool> g_news{false};
constinit std::atomic<uint64_t> g_bytes{0};
constinit std::atomic<uint64_t> g_refused{0};

void Answered(const ModuleRecord* module) {
  if (module->debug_frame_state.exchange(kAnswered) == kWanted) {
    g_unanswered.fetch_sub(1, std::memory_order_relaxed);
  }
}

// One mapping: the head, its rows, the section. Null: it cannot be had.
const DebugFrame* Copy(uintptr_t module_begin, const DebugFrameSource& source) {
  const size_t row_bytes = size_t{source.row_count} * sizeof(DebugFrame::Row);
  const size_t bytes = sizeof(DebugFrame) + row_bytes + source.section_bytes;
  if (source.section_bytes > kDebugFrameLimit || row_bytes > kDebugFrameLimit ||
      g_bytes.fetch_add(bytes, std::memory_order_relaxed) + bytes > kDebugFrameLimit) {
    g_bytes.fetch_sub(bytes, std::memory_order_relaxed);
    return nullptr;
  }
  auto* memory = static_cast<uint8_t*>(MapMemory(bytes));
  if (memory == nullptr) {
    g_bytes.fetch_sub(bytes, std::memory_order_relaxed);
    return nullptr;
  }
  auto* copy = reinterpret_cast<DebugFrame*>(memory);
  uint8_t* const rows = memory + sizeof(DebugFrame);
  uint8_t* const section = rows + row_bytes;
  memcpy(rows, source.rows, row_bytes);
  memcpy(section, source.section, source.section_bytes);
  copy->rows = reinterpret_cast<const DebugFrame::Row*>(rows);
  copy->row_count = source.row_count;
  copy->begin = section;
  copy->end = section + source.section_bytes;
  copy->module_begin = module_begin;
  copy->bias = module_begin - source.file_begin;
  RawSyscall(SYS_mprotect, memory, bytes, PROT_READ);
  return copy;
}

}  // namespace

void WantDebugFrame(const ModuleRecord* module) {
  uint8_t state = kNotAsked;
  if (!module->debug_frame_state.compare_exchange_strong(state, kWanted)) return;
  g_unanswered.fetch_add(1, std::memory_order_relaxed);
  g_news.store(true, std::memory_order_release);
}

void HasNoDebugFrame(const ModuleRecord* module) { Answered(module); }

bool TakeDebugFrameNews() {
  return g_news.load(std::memory_order_relaxed) && g_news.exchange(false);
}

void RepeatDebugFrameNews() {
  if (g_unanswered.load(std::memory_order_relaxed) != 0) g_news.store(true);
}

bool NextWantedDebugFrame(WantedDebugFrame* wanted) {
  if (g_unanswered.load(std::memory_order_relaxed) == 0) return false;
  wanted->module = nullptr;
  VisitModuleRecords(
      [](void* context, const ModuleRecord& record) {
        if (record.debug_frame_state.load(std::memory_order_relaxed) != kWanted) return;
        uint64_t code_bytes = 0;
        for (uint32_t i = 0; i < record.code_segments; ++i) {
          code_bytes += record.code[i].limit - record.code[i].start;
        }
        *static_cast<WantedDebugFrame*>(context) = {&record, record.path, record.build_id,
                                                    record.build_id_place.size, code_bytes};
      },
      wanted);
  return wanted->module != nullptr;
}

bool GiveDebugFrame(const ModuleRecord* module, const DebugFrameSource& source) {
  if (source.row_count == 0) {
    Answered(module);
    return true;
  }
  const DebugFrame* copy = Copy(module->begin, source);
  if (copy == nullptr) {
    RefuseDebugFrame(module);
    return false;
  }
  module->debug_frame.store(copy, std::memory_order_release);
  Answered(module);
  return true;
}

void RefuseDebugFrame(const ModuleRecord* module) {
  g_refused.fetch_add(1, std::memory_order_relaxed);
  Answered(module);
}

uint64_t DebugFrameBytes() { return g_bytes.load(std::memory_order_relaxed); }
uint64_t DebugFramesRefused() { return g_refused.load(std::memory_order_relaxed); }

}  // namespace pprofagent::hot
