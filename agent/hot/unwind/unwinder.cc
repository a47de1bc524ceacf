// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/unwind/unwinder.h"

#include <string.h>
#include <ucontext.h>

#include <atomic>

#include "agent/hot/unwind/cfi.h"
#include "agent/hot/unwind/frame_pointer.h"
#include "agent/hot/unwind/libunwind_backend.h"
#include "agent/hot/unwind/module_lookup.h"
#include "agent/hot/unwind/rule_cache.h"

namespace pprofagent::hot {

namespace {

constinit std::atomic<UnwinderBackend> g_backend{UnwinderBackend::kAuto};

enum class Step : uint8_t { kCaller, kSignalCaller, kEntry, kNoRule, kBadRead };

// The rules come from the module's tables: worked out and remembered.
[[gnu::noinline]] Step StepByTables(const Module& module, uintptr_t lookup, StackReader* stack,
                                    Registers* registers) {
  FrameRules rules;
  if (!FindFrameRules(TablesOf(module), lookup, &rules)) {
    CacheRule(lookup, module.identity, kPackedNoRule);
    return Step::kNoRule;
  }
  if (const PackedRule packed = PackRules(rules)) CacheRule(lookup, module.identity, packed);
  if (!ApplyFrameRules(rules, stack, registers)) return Step::kBadRead;
  return rules.signal_frame ? Step::kSignalCaller : Step::kCaller;
}

// Whether rules begin at this return address, before which there are none. Such
// an address was made up: no call returns to it. It is what a coroutine returns
// to at its end, and the walk has arrived at the outermost frame.
[[gnu::noinline]] bool BeginsFunction(uintptr_t pc, const Module& module) {
  if (!module.Contains(pc) || module.eh_frame_hdr == nullptr) return false;
  FrameRules rules;
  return FindFrameRules(TablesOf(module), pc, &rules);
}

// A step that is not in the cache, or not of the common form.
[[gnu::noinline]] Step StepSlowly(uintptr_t lookup, Module* module, StackReader* stack,
                                  Registers* registers) {
  if (module->eh_frame_hdr != nullptr && module->Contains(lookup)) {
    if (FindCachedRule(lookup, module->identity) != kPackedNoRule) {
      const Step step = StepByTables(*module, lookup, stack, registers);
      if (step != Step::kNoRule) return step;
    }
    if (lookup != registers->pc && BeginsFunction(registers->pc, *module)) return Step::kEntry;
  }
  return StepByFramePointer(stack, registers) ? Step::kCaller : Step::kNoRule;
}

// `module` is the callee's and most often the caller's too: it cannot go away
// while this walk is in it.
inline Step StepByCfi(uintptr_t lookup, Module* module, StackReader* stack, Registers* registers) {
  if (!module->Contains(lookup) && !FindModule(lookup, module)) *module = {};
  const PackedRule cached = FindCachedRule(lookup, module->identity);
  if (cached == 0 || cached == kPackedNoRule) {
    return StepSlowly(lookup, module, stack, registers);
  }
  return ApplyPackedRule(cached, stack, registers) ? Step::kCaller : Step::kBadRead;
}

template <bool kCfi>
Step StepOnce(uintptr_t lookup, Module* module, StackReader* stack, Registers* registers) {
  if constexpr (kCfi) return StepByCfi(lookup, module, stack, registers);
  return StepByFramePointer(stack, registers) ? Step::kCaller : Step::kNoRule;
}

template <bool kCfi>
void Walk(Registers registers, PcKind kind, const StackBounds& bounds, Frames* frames) {
  StackReader stack(bounds);
  stack.EnterStackAt(registers.sp);
  Module module{};
  bool exact = kind == PcKind::kExact;
  uint32_t depth = 0;
  WalkEnd end = WalkEnd::kTruncated;
  while (depth < frames->capacity) {
    const uintptr_t lookup = exact ? registers.pc : registers.pc - 1;
    frames->pcs[depth++] = lookup;
    const uintptr_t sp = registers.sp;
    const Step step = StepOnce<kCfi>(lookup, &module, &stack, &registers);
    if (step == Step::kCaller && registers.pc != 0) {
      // Callers lie above; not so where a longjmp goes that is interrupted at
      // its end.
      if (registers.sp > sp || exact) {
        exact = false;
        continue;
      }
      end = WalkEnd::kNoProgress;
      break;
    }
    if (step == Step::kSignalCaller && registers.pc != 0) {
      // The handler may have run on another stack.
      stack.EnterStackAt(registers.sp);
      exact = true;
      continue;
    }
    if (step == Step::kEntry) frames->pcs[depth - 1] = registers.pc;
    end = step == Step::kNoRule    ? WalkEnd::kNoRule
          : step == Step::kBadRead ? WalkEnd::kBadRead
                                   : WalkEnd::kOutermost;
    break;
  }
  frames->depth = depth;
  frames->truncated = end == WalkEnd::kTruncated;
  frames->end = end;
  frames->last = registers;
}

}  // namespace

void Unwind(const Registers& start, PcKind kind, const StackBounds& bounds, UnwindContext context,
            Frames* frames) {
  frames->depth = 0;
  frames->truncated = false;
  frames->last = start;
  const UnwinderBackend backend = g_backend.load(std::memory_order_relaxed);
  if (backend == UnwinderBackend::kLibunwind && context == UnwindContext::kHook &&
      UnwindByLibunwind(start, frames)) {
    return;
  }
  if (backend == UnwinderBackend::kFramePointers) {
    Walk<false>(start, kind, bounds, frames);
  } else {
    Walk<true>(start, kind, bounds, frames);
  }
}

bool WalksByTables() { return g_backend.load(std::memory_order_relaxed) == UnwinderBackend::kAuto; }

#if defined(__x86_64__)
Registers RegistersFromContext(const void* ucontext) {
  const auto& registers = static_cast<const ucontext_t*>(ucontext)->uc_mcontext.gregs;
  return Registers{
      .pc = static_cast<uintptr_t>(registers[REG_RIP]),
      .sp = static_cast<uintptr_t>(registers[REG_RSP]),
      .bp = static_cast<uintptr_t>(registers[REG_RBP]),
      .bx = static_cast<uintptr_t>(registers[REG_RBX]),
      .context = reinterpret_cast<uintptr_t>(ucontext),
  };
}
#endif

UnwinderBackend InitializeUnwinder(UnwinderBackend wanted) {
  InitializeModuleLookup();
  TouchRuleCache();
  if (wanted == UnwinderBackend::kLibunwind && !LoadLibunwind()) wanted = UnwinderBackend::kAuto;
  g_backend.store(wanted, std::memory_order_relaxed);
  return wanted;
}

}  // namespace pprofagent::hot
