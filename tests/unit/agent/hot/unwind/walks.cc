// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/agent/hot/unwind/walks.h"

#include <dlfcn.h>
#include <pthread.h>
#define UNW_LOCAL_ONLY
#include <libunwind.h>

#include <algorithm>
#include <cstdio>

namespace pprofagent::hot {

StackBounds ThisThreadsStack() {
  pthread_attr_t attributes;
  void* low = nullptr;
  size_t size = 0;
  pthread_getattr_np(pthread_self(), &attributes);
  pthread_attr_getstack(&attributes, &low, &size);
  pthread_attr_destroy(&attributes);
  return {reinterpret_cast<uintptr_t>(low), reinterpret_cast<uintptr_t>(low) + size};
}

namespace {

// The names that libunwind.h's macros stand for.
#define PPROFAGENT_TEXT_OF(name) #name
#define PPROFAGENT_NAME_OF(name) PPROFAGENT_TEXT_OF(name)

// Opened as the agent opens it. Linked, it would take over the exceptions of the
// test, and with them the code that is stepped through.
struct Oracle {
  bool Load() {
    void* library = dlopen("libunwind.so.8", RTLD_NOW | RTLD_LOCAL);
    return library != nullptr && Find(library, PPROFAGENT_NAME_OF(unw_init_local2), &init) &&
           Find(library, PPROFAGENT_NAME_OF(unw_step), &step) &&
           Find(library, PPROFAGENT_NAME_OF(unw_get_reg), &get_reg) &&
           Find(library, PPROFAGENT_NAME_OF(unw_is_signal_frame), &is_signal_frame);
  }

  template <typename Function>
  static bool Find(void* library, const char* name, Function* function) {
    *function = reinterpret_cast<Function>(dlsym(library, name));
    return *function != nullptr;
  }

  decltype(&unw_init_local2) init;
  decltype(&unw_step) step;
  decltype(&unw_get_reg) get_reg;
  decltype(&unw_is_signal_frame) is_signal_frame;
};
Oracle g_oracle = {};

// Other tests may have had other objects at the same addresses.
void Finish(const Frames& frames, Walk* walk) {
  for (uint32_t i = 0; i < frames.depth; ++i) frames.pcs[i] = FrameAddress(frames.pcs[i]);
  walk->depth = frames.depth;
  walk->truncated = frames.truncated;
  walk->end = frames.end;
}

}  // namespace

void WalkByUs(const void* interrupted, const StackBounds& bounds, Walk* walk) {
  Frames frames{};
  frames.pcs = walk->pcs;
  frames.capacity = kMostFrames;
  Unwind(RegistersFromContext(interrupted), PcKind::kExact, bounds, UnwindContext::kSignal,
         &frames);
  Finish(frames, walk);
}

bool LoadOracle() { return g_oracle.Load(); }

void WalkByLibunwind(const void* interrupted, Walk* walk) {
  unw_context_t context = *static_cast<const ucontext_t*>(interrupted);
  unw_cursor_t cursor;
  g_oracle.init(&cursor, &context, UNW_INIT_SIGNAL_FRAME);
  int left = 0;
  walk->depth = 0;
  do {
    unw_word_t pc = 0;
    g_oracle.get_reg(&cursor, UNW_REG_IP, &pc);
    if (pc == 0) break;
    const bool exact = walk->depth == 0 || g_oracle.is_signal_frame(&cursor) > 0;
    walk->pcs[walk->depth++] = exact ? pc : pc - 1;
    left = g_oracle.step(&cursor);
  } while (left > 0 && walk->depth < kMostFrames);
  walk->truncated = left > 0;
  walk->end = WalkEnd::kOutermost;
}

void WalkFromCaller(const StackBounds& bounds, Walk* walk, uint32_t capacity) {
  const auto* frame = static_cast<const uintptr_t*>(__builtin_frame_address(0));
  const Registers start{
      .pc = frame[1], .sp = reinterpret_cast<uintptr_t>(frame + 2), .bp = frame[0]};
  Frames frames{};
  frames.pcs = walk->pcs;
  frames.capacity = capacity;
  Unwind(start, PcKind::kReturnAddress, bounds, UnwindContext::kHook, &frames);
  Finish(frames, walk);
}

bool Same(const Walk& a, const Walk& b) {
  return a.depth == b.depth && std::equal(a.pcs, a.pcs + a.depth, b.pcs);
}

bool EndsWith(const Walk& walk, const Walk& tail) {
  return walk.depth >= tail.depth &&
         std::equal(tail.pcs, tail.pcs + tail.depth, walk.pcs + (walk.depth - tail.depth));
}

bool AllInModules(const Walk& walk) {
  return std::all_of(walk.pcs, walk.pcs + walk.depth, [](uintptr_t pc) {
    dl_find_object object;
    return _dl_find_object(reinterpret_cast<void*>(FrameAddress(pc)), &object) == 0;
  });
}

std::vector<std::string> Names(const Walk& walk) {
  std::vector<std::string> names;
  for (uint32_t i = 0; i < walk.depth; ++i) {
    Dl_info info{};
    const bool known = dladdr(reinterpret_cast<void*>(FrameAddress(walk.pcs[i])), &info) != 0;
    names.emplace_back(known && info.dli_sname != nullptr ? info.dli_sname : "?");
  }
  return names;
}

std::string Describe(const Walk& walk) {
  std::string text;
  const std::vector<std::string> names = Names(walk);
  for (uint32_t i = 0; i < walk.depth; ++i) {
    char line[64];
    snprintf(line, sizeof(line), "  #%u 0x%zx ", i, walk.pcs[i]);
    text += line + names[i] + "\n";
  }
  return text;
}

}  // namespace pprofagent::hot
