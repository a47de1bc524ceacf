// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/unwind/libunwind_backend.h"

#include <dlfcn.h>
#define UNW_LOCAL_ONLY
#include <libunwind.h>

namespace pprofagent::hot {

namespace {

// The names that libunwind.h's macros stand for.
#define PPROFAGENT_TEXT_OF(name) #name
#define PPROFAGENT_NAME_OF(name) PPROFAGENT_TEXT_OF(name)

struct Libunwind {
  int (*get_context)(unw_context_t*);
  decltype(&unw_init_local) init_local;
  decltype(&unw_step) step;
  decltype(&unw_get_reg) get_reg;
  decltype(&unw_is_signal_frame) is_signal_frame;
};
constinit Libunwind g_libunwind = {};

template <typename Function>
bool Find(void* library, const char* name, Function* function) {
  *function = reinterpret_cast<Function>(dlsym(library, name));
  return *function != nullptr;
}

}  // namespace

bool LoadLibunwind() {
  void* library = dlopen("libunwind.so.8", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return false;
  Libunwind found{};
  if (!Find(library, PPROFAGENT_NAME_OF(UNW_ARCH_OBJ(getcontext)), &found.get_context) ||
      !Find(library, PPROFAGENT_NAME_OF(unw_init_local), &found.init_local) ||
      !Find(library, PPROFAGENT_NAME_OF(unw_step), &found.step) ||
      !Find(library, PPROFAGENT_NAME_OF(unw_get_reg), &found.get_reg) ||
      !Find(library, PPROFAGENT_NAME_OF(unw_is_signal_frame), &found.is_signal_frame)) {
    dlclose(library);
    return false;
  }
  g_libunwind = found;
  return true;
}

bool UnwindByLibunwind(const Registers& start, Frames* frames) {
  unw_context_t context;
  unw_cursor_t cursor;
  if (g_libunwind.get_context(&context) < 0 || g_libunwind.init_local(&cursor, &context) < 0) {
    return false;
  }
  bool found = false;
  frames->end = WalkEnd::kOutermost;
  do {
    unw_word_t pc = 0;
    unw_word_t sp = 0;
    if (g_libunwind.get_reg(&cursor, UNW_REG_IP, &pc) < 0 ||
        g_libunwind.get_reg(&cursor, UNW_REG_SP, &sp) < 0 || pc == 0) {
      break;
    }
    // Our own frames lie below the caller's.
    found = found || (sp == start.sp && pc == start.pc);
    if (!found) continue;
    if (frames->depth == frames->capacity) {
      frames->truncated = true;
      frames->end = WalkEnd::kTruncated;
      break;
    }
    // libunwind says it of the frame that a signal interrupted.
    const bool exact = g_libunwind.is_signal_frame(&cursor) > 0;
    frames->pcs[frames->depth++] = exact ? pc : pc - 1;
  } while (g_libunwind.step(&cursor) > 0);
  return found;
}

}  // namespace pprofagent::hot
