// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/unwind/unwinder.h"

#include <string.h>
#include <ucontext.h>

#include <atomic>

#include "agent/hot/unwind/cfi.h"
#include "agent/hot/unwind/frame_pointer.h"
#include "agent/hot/unwind/landing.h"
#include "agent/hot/unwind/libunwind_backend.h"
#include "agent/hot/unwind/lost_frame.h"
#include "agent/hot/unwind/module_lookup.h"
#include "agent/hot/unwind/rule_cache.h"
#include "agent/hot/unwind/vanishing_module.h"

namespace pprofagent::hot {

namespace {

constinit std::atomic<UnwinderBackend> g_backend{UnwinderBackend::kAuto};

// Whose stack it is: the modules of another thread's may be unloaded during the
// walk (vanishing_module.h).
enum class Whose : uint8_t { kOwn, kOther };

enum class Step : uint8_t { kCaller, kSignalCaller, kLandingPad, kEntry, kNoRule, kBadRead };

// What a walk knows besides the registers.
struct Trail {
  // The frame pointer is from a step that went by it (StepBesideTables).
  bool chained = false;
  Landing landing;
};

template <Whose kWhose>
CfiModule Tables(const Module& module) {
  return kWhose == Whose::kOwn ? TablesOf(module) : VanishingTablesOf(module);
}

// Whether what has been found in them, or not found, can be believed.
template <Whose kWhose>
bool WereTables(const Module& module) {
  return kWhose == Whose::kOwn || WereTablesOf(module);
}

// The rules come from the module's tables: worked out and remembered.
template <Whose kWhose>
[[gnu::noinline]] Step StepByTables(const Module& module, uintptr_t lookup, Landing* landing,
                                    StackReader* stack, Registers* registers) {
  FrameRules rules;
  const bool found = FindFrameRules(Tables<kWhose>(module), lookup, &rules);
  if (!WereTables<kWhose>(module)) return Step::kNoRule;
  if (!found) {
    CacheRule(lookup, module.identity, kPackedNoRule);
    WantRulesFromFile(module, lookup);
    return Step::kNoRule;
  }
  if (const PackedRule packed = PackRules(rules)) CacheRule(lookup, module.identity, packed);
  const Registers frame = *registers;
  if (!ApplyFrameRules(rules, stack, registers)) return Step::kBadRead;
  if (rules.signal_frame) return Step::kSignalCaller;
  if (!rules.MayLand()) return Step::kCaller;
  const bool interrupted = lookup == frame.pc;
  if (interrupted && HasLeft(rules, frame, stack)) {
    registers->bx = frame.bx;  // is loaded
    return Step::kLandingPad;
  }
  UndoLanding(rules, frame, interrupted, stack, registers, landing);
  return Step::kCaller;
}

// Whether rules begin at this return address, before which there are none. Such
// an address was made up: no call returns to it. It is what a coroutine returns
// to at its end, and the walk has arrived at the outermost frame.
template <Whose kWhose>
[[gnu::noinline]] bool BeginsFunction(uintptr_t pc, const Module& module) {
  if (!module.Contains(pc)) return false;
  FrameRules rules;
  return FindFrameRules(Tables<kWhose>(module), pc, &rules) && WereTables<kWhose>(module);
}

// From code that no table describes: generated, or assembly. An interrupted
// function may not have touched the stack yet, if it ever will; otherwise its
// frame pointer tells. `chained`: that register was got by such a step too, and
// not from code that may use it for anything; only then 0 ends the chain. It is
// also the end in the loader's first function, which has no table and calls the
// constructors of libraries.
Step StepBesideTables(bool interrupted, bool* chained, StackReader* stack, Registers* registers) {
  uintptr_t top = 0;
  if (interrupted && stack->ReadWord(registers->sp, &top) && FollowsACall(top, stack)) {
    *registers = Registers{.pc = top, .sp = registers->sp + 8, .bp = registers->bp};
    return Step::kCaller;
  }
  if (registers->bp == 0 && !*chained && !stack->IsAtTheTop(registers->sp)) return Step::kNoRule;
  Registers caller = *registers;
  if (!StepByFramePointer(stack, &caller)) return Step::kNoRule;
  if (caller.pc != 0 && !FollowsACall(caller.pc, stack)) return Step::kNoRule;
  *registers = caller;
  *chained = true;
  return Step::kCaller;
}

// A step that is not in the cache, or not of the common form.
template <Whose kWhose>
[[gnu::noinline]] Step StepSlowly(uintptr_t lookup, Module* module, Trail* trail,
                                  StackReader* stack, Registers* registers) {
  if (module->Contains(lookup)) {
    PackedRule known = FindCachedRule(lookup, module->identity);
    if (known == 0) known = RecallRule(lookup, module->identity);
    if (known != kPackedNoRule) {
      const Step step =
          known == 0 ? StepByTables<kWhose>(*module, lookup, &trail->landing, stack, registers)
          : ApplyPackedRule(known, stack, registers) ? Step::kCaller
                                                     : Step::kBadRead;
      if (step != Step::kNoRule) {
        trail->chained = false;
        return step;
      }
    }
    if (lookup != registers->pc && BeginsFunction<kWhose>(registers->pc, *module))
      return Step::kEntry;
  }
  return StepBesideTables(lookup == registers->pc, &trail->chained, stack, registers);
}

template <Whose kWhose>
inline Step StepByCfi(uintptr_t lookup, Module* module, Trail* trail, StackReader* stack,
                      Registers* registers) {
  const PackedRule cached = FindCachedRule(lookup, module->identity);
  if (cached == 0 || cached == kPackedNoRule) {
    return StepSlowly<kWhose>(lookup, module, trail, stack, registers);
  }
  trail->chained = false;
  return ApplyPackedRule(cached, stack, registers) ? Step::kCaller : Step::kBadRead;
}

// A frame whose base was overwritten by a landing further in: looked for, and the
// step taken again. A walk from the right one comes to the target. Only on the own
// stack: other threads are walked while they wait, and nothing waits there.
struct LostFrame {
  uintptr_t lookup;
  const Module* module;
  const Landing* landing;
  StackReader* stack;
  Registers registers;

  bool ComesToTarget(uintptr_t bp) const {
    constexpr int kMostBetween = 1000;
    Module at = *module;
    Trail trail{.landing = *landing};
    Registers step = registers;
    step.bp = bp;
    uintptr_t pc = lookup;
    for (int i = 0; i < kMostBetween; ++i) {
      if (StepByCfi<Whose::kOwn>(pc, &at, &trail, stack, &step) != Step::kCaller) return false;
      trail.landing.Correct(&step);
      if (step.sp >= landing->sp) return step.sp == landing->sp && step.pc == landing->pc;
      pc = step.pc - 1;
      if (!at.Contains(pc) && !FindModule(pc, &at)) return false;
    }
    return false;
  }
};

[[gnu::noinline]] Step StepFromLostFrame(uintptr_t lookup, Module* module, Trail* trail,
                                         StackReader* stack, Registers* registers) {
  if (!module->Contains(lookup)) return Step::kBadRead;
  LostFrame lost{lookup, module, &trail->landing, stack, *registers};
  const BaseCheck check{[](void* context, uintptr_t bp) {
                          return static_cast<const LostFrame*>(context)->ComesToTarget(bp);
                        },
                        &lost};
  Registers found = *registers;
  found.pc = lookup;
  if (!FindFrameBase(TablesOf(*module), found, trail->landing, check, stack, &found.bp)) {
    return Step::kBadRead;
  }
  registers->bp = found.bp;
  return StepByCfi<Whose::kOwn>(lookup, module, trail, stack, registers);
}

template <bool kCfi, Whose kWhose>
Step StepOnce(uintptr_t lookup, Module* module, Trail* trail, StackReader* stack,
              Registers* registers) {
  if constexpr (kCfi) {
    Step step = StepByCfi<kWhose>(lookup, module, trail, stack, registers);
    if (kWhose == Whose::kOwn && step == Step::kBadRead && trail->landing.farthest_bp != 0 &&
        registers->bp == kUnknownRegister) {
      step = StepFromLostFrame(lookup, module, trail, stack, registers);
    }
    trail->landing.Correct(registers);
    return step;
  }
  return StepByFramePointer(stack, registers) ? Step::kCaller : Step::kNoRule;
}

// `module` is the callee's and most often the caller's too. It cannot go away
// while this thread's walk is in it, and of another's the registers are found in
// copies only. False: the address is in none.
template <Whose kWhose>
inline bool EnterModule(uintptr_t lookup, Module* module) {
  if (module->Contains(lookup)) return true;
  if (kWhose == Whose::kOwn ? FindModule(lookup, module) : FindVanishingModule(lookup, module)) {
    return true;
  }
  *module = {};
  return false;
}

// No program has code there; and stacks have no room for such an address.
bool IsNoCode(uintptr_t pc) { return pc > kFrameAddressMask; }

// Goes on through callers as long as everything is as it nearly always is: the
// module the same, the rule remembered, the words on the known stack. What is not
// is left, untouched, to the general step. All state is in locals, and the
// function is not inlined, so that the compiler keeps them in registers: storing
// and reloading them was half the time of a walk. The number of frames.
[[gnu::noinline]] uint32_t WalkWarmFrames(const Module& module, const KnownWords& words,
                                          uintptr_t* const pcs, uint32_t capacity,
                                          Registers* registers) {
  const auto begin = reinterpret_cast<uintptr_t>(module.begin);
  const auto size = static_cast<uintptr_t>(module.end - module.begin);
  const uint64_t identity = module.identity;
  const KnownWords stack = words;
  uintptr_t lookup = registers->pc - 1;
  uintptr_t sp = registers->sp;
  uintptr_t bp = registers->bp;
  uintptr_t bx = registers->bx;
  uint32_t depth = 0;
  while (depth < capacity && lookup - begin < size) {
    const PackedRule rule = FindCachedRule(lookup, identity);
    if (!IsStep(rule)) break;
    const uintptr_t base = (rule & 3) == packed::kFromSp ? sp : bp;
    const uintptr_t cfa = base + packed::Unpack(rule, packed::kCfaBits, packed::kCfaAt);
    if (!stack.Has(cfa - sizeof(uintptr_t)) || cfa <= sp) break;
    const uintptr_t caller = KnownWords::At(cfa - sizeof(uintptr_t)) - 1;
    if (caller >= kFrameAddressMask) break;  // 0, or no code
    if ((rule & packed::kBxSaved) != 0) {
      const uintptr_t bx_at = cfa + packed::Unpack(rule, packed::kSavedBits, packed::kBxAt);
      const uintptr_t bp_at = cfa + packed::Unpack(rule, packed::kSavedBits, packed::kBpAt);
      const bool bp_saved = (rule & packed::kBpSaved) != 0;
      if (!stack.Has(bx_at) || (bp_saved && !stack.Has(bp_at))) break;
      bx = KnownWords::At(bx_at);
      if (bp_saved) bp = KnownWords::At(bp_at);
    } else if ((rule & packed::kBpSaved) != 0) {
      const uintptr_t bp_at = cfa + packed::Unpack(rule, packed::kSavedBits, packed::kBpAt);
      if (!stack.Has(bp_at)) break;
      bp = KnownWords::At(bp_at);
    }
    pcs[depth++] = module.FrameWord(lookup);
    lookup = caller;
    sp = cfa;
  }
  if (depth != 0) {
    *registers = Registers{.pc = lookup + 1, .sp = sp, .bp = bp, .bx = bx, .context = 0};
  }
  return depth;
}

template <bool kCfi, Whose kWhose>
void Walk(Registers registers, PcKind kind, const StackBounds& bounds, Frames* frames) {
  StackReader stack(bounds);
  stack.EnterStackAt(registers.sp);
  Module module{};
  bool exact = kind == PcKind::kExact;
  Trail trail;
  uint32_t depth = 0;
  WalkEnd end = WalkEnd::kTruncated;
  while (depth < frames->capacity) {
    if (kCfi && !exact && !trail.landing.pad_stored) {
      const uint32_t walked = WalkWarmFrames(module, stack.Known(), frames->pcs + depth,
                                             frames->capacity - depth, &registers);
      if (walked != 0) trail.chained = false;
      depth += walked;
      if (depth == frames->capacity) break;
    }
    const uintptr_t lookup = exact ? registers.pc : registers.pc - 1;
    // Generated code can be anywhere; what only looks like its address is data.
    if (!EnterModule<kWhose>(lookup, &module) && kCfi && !exact && depth != 0 &&
        !FollowsACall(registers.pc, &stack)) {
      end = WalkEnd::kBadRead;
      break;
    }
    frames->pcs[depth++] = module.FrameWord(lookup);
    const uintptr_t sp = registers.sp;
    const Step step = StepOnce<kCfi, kWhose>(lookup, &module, &trail, &stack, &registers);
    if (IsNoCode(registers.pc)) {
      end = WalkEnd::kBadRead;
      break;
    }
    if ((step == Step::kCaller || step == Step::kLandingPad) && registers.pc != 0) {
      // Callers lie above; not so where a longjmp goes that is interrupted at
      // its end.
      if (registers.sp > sp || exact) {
        exact = step == Step::kLandingPad;
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
    if (step == Step::kEntry) frames->pcs[depth - 1] = module.FrameWord(registers.pc);
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

uintptr_t FrameWordOf(uintptr_t address) {
  Module module{};
  EnterModule<Whose::kOther>(address, &module);
  return module.FrameWord(address);
}

void Unwind(const Registers& start, PcKind kind, const StackBounds& bounds, UnwindContext context,
            Frames* frames) {
  frames->depth = 0;
  frames->truncated = false;
  frames->last = start;
  const UnwinderBackend backend = g_backend.load(std::memory_order_relaxed);
  if (backend == UnwinderBackend::kLibunwind && context == UnwindContext::kHook &&
      UnwindByLibunwind(start, frames)) {
    Module module{};
    for (uint32_t i = 0; i < frames->depth; ++i) {
      EnterModule<Whose::kOwn>(frames->pcs[i], &module);
      frames->pcs[i] = module.FrameWord(frames->pcs[i]);
    }
    return;
  }
  const bool by_tables = backend != UnwinderBackend::kFramePointers;
  if (bounds.copy != nullptr) {
    by_tables ? Walk<true, Whose::kOther>(start, kind, bounds, frames)
              : Walk<false, Whose::kOther>(start, kind, bounds, frames);
  } else {
    by_tables ? Walk<true, Whose::kOwn>(start, kind, bounds, frames)
              : Walk<false, Whose::kOwn>(start, kind, bounds, frames);
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
  if (wanted != UnwinderBackend::kFramePointers) WantRulesFromProgramFile();
  g_backend.store(wanted, std::memory_order_relaxed);
  return wanted;
}

}  // namespace pprofagent::hot
