// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/unwind/vanishing_module.h"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <link.h>
#include <sys/auxv.h>

#include "agent/hot/unwind/cfi_records.h"
#include "agent/hot/unwind/module_history.h"
#include "agent/hot/unwind/rule_cache.h"
#include "tests/unit/agent/hot/unwind/plugins.h"

namespace pprofagent::hot {
namespace {

// As it is where nothing is known to stay.
CfiModule CopiedTablesOf(const Module& module) {
  static TableCopies copies;
  copies.failed = false;
  // Other tests may have had the program's .debug_frame read.
  CfiModule tables{module.begin, module.end, module.eh_frame_hdr, TablesOf(module).debug_frame};
  tables.copies = &copies;
  return tables;
}

uintptr_t FunctionOf(const Module& module, uint32_t row) {
  int32_t function = 0;
  memcpy(&function, module.eh_frame_hdr + 12 + size_t{row} * 8, sizeof(function));
  return reinterpret_cast<uintptr_t>(module.eh_frame_hdr) +
         static_cast<uintptr_t>(int64_t{function});
}

bool SameRules(const CfiModule& one, const CfiModule& other, uintptr_t pc) {
  FrameRules a{};
  FrameRules b{};
  const bool found = FindFrameRules(one, pc, &a);
  return found == FindFrameRules(other, pc, &b) &&
         (!found || (PackRules(a) == PackRules(b) && a.cfa == b.cfa &&
                     a.signal_frame == b.signal_frame && a.cfa_register == b.cfa_register));
}

TEST(VanishingModuleTest, FindsTheSameModules) {
  InitializeModuleLookup();
  int on_the_stack = 0;
  for (const uintptr_t address :
       {uintptr_t{0}, UINTPTR_MAX, reinterpret_cast<uintptr_t>(&on_the_stack),
        uintptr_t{getauxval(AT_ENTRY)}, reinterpret_cast<uintptr_t>(&getauxval),
        uintptr_t{getauxval(AT_BASE)}, uintptr_t{getauxval(AT_SYSINFO_EHDR)},
        reinterpret_cast<uintptr_t>(&testing::UnitTest::GetInstance)}) {
    Module module{};
    Module other{};
    const bool found = FindVanishingModule(address, &other);
    ASSERT_EQ(FindModule(address, &module), found) << address;
    EXPECT_EQ(IsInModule(address), found);
    if (!found) continue;
    EXPECT_EQ(module.begin, other.begin);
    EXPECT_EQ(module.end, other.end);
    EXPECT_EQ(module.identity, other.identity);
    EXPECT_EQ(module.record, other.record);
  }
}

TEST(VanishingModuleTest, FindsTheSameRulesInEveryLoadedObject) {
  struct Totals {
    long functions = 0;
    long different = 0;
  } totals;
  InitializeModuleLookup();
  dl_iterate_phdr(
      [](dl_phdr_info* info, size_t, void* data) {
        auto* sum = static_cast<Totals*>(data);
        Module module;
        if (!FindModule(reinterpret_cast<uintptr_t>(info->dlpi_phdr), &module) ||
            module.eh_frame_hdr == nullptr) {
          return 0;
        }
        uint32_t count = 0;
        memcpy(&count, module.eh_frame_hdr + 8, sizeof(count));
        const CfiModule tables = TablesOf(module);
        for (uint32_t i = 0; i < count; i += 7, ++sum->functions) {
          const uintptr_t pc = FunctionOf(module, i) + i % 40;
          const CfiModule copied = CopiedTablesOf(module);
          sum->different += !SameRules(tables, copied, pc) || copied.copies->failed ||
                            FunctionBefore(tables, pc) != FunctionBefore(copied, pc);
        }
        return 0;
      },
      &totals);
  EXPECT_GT(totals.functions, 1000);
  EXPECT_EQ(totals.different, 0) << "of " << totals.functions;
}

// First met by way of copies, its record says what it would say otherwise.
TEST(VanishingModuleTest, RecordsAModuleAsItIs) {
  void* plugin = dlopen(PLUGIN_B, RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(plugin, nullptr) << dlerror();
  const auto function = reinterpret_cast<uintptr_t>(dlsym(plugin, "PluginCalls"));
  Module module{};
  ASSERT_TRUE(FindVanishingModule(function, &module));
  ASSERT_NE(module.record, nullptr);
  EXPECT_STREQ(module.record->path, PLUGIN_B);
  ASSERT_EQ(module.record->code_segments, 1u);
  EXPECT_LE(module.record->code[0].start, function);
  EXPECT_GT(module.record->code[0].limit, function);
  Module other{};
  ASSERT_TRUE(FindModule(function, &other));
  EXPECT_EQ(other.record, module.record);
  EXPECT_EQ(other.identity, module.identity);
  dlclose(plugin);
}

TEST(VanishingModuleTest, BearsThatAModuleHasGone) {
  void* plugin = dlopen(PLUGIN_A, RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(plugin, nullptr) << dlerror();
  const auto function = reinterpret_cast<uintptr_t>(dlsym(plugin, "PluginCalls"));
  Module module{};
  ASSERT_TRUE(FindVanishingModule(function, &module));
  FrameRules rules;
  EXPECT_TRUE(FindFrameRules(VanishingTablesOf(module), function, &rules));
  EXPECT_TRUE(WereTablesOf(module));
  dlclose(plugin);
  EXPECT_FALSE(FindFrameRules(VanishingTablesOf(module), function, &rules));
  EXPECT_FALSE(WereTablesOf(module));
  EXPECT_EQ(FunctionBefore(VanishingTablesOf(module), function), 0u);
  EXPECT_FALSE(FindVanishingModule(function, &module));
  EXPECT_FALSE(IsInModule(function));
}

TEST(VanishingModuleTest, DoesNotBelieveTheSuccessorsTables) {
  ASSERT_TRUE(MakePluginsShareAnAddress());
  void* plugin = dlopen(PLUGIN_A, RTLD_NOW | RTLD_LOCAL);
  const auto function = reinterpret_cast<uintptr_t>(dlsym(plugin, "PluginCalls"));
  Module module{};
  ASSERT_TRUE(FindVanishingModule(function, &module));
  dlclose(plugin);
  plugin = dlopen(PLUGIN_B, RTLD_NOW | RTLD_LOCAL);
  ASSERT_EQ(reinterpret_cast<uintptr_t>(dlsym(plugin, "PluginCalls")), function);
  FrameRules rules;
  EXPECT_TRUE(FindFrameRules(VanishingTablesOf(module), function, &rules));
  EXPECT_FALSE(WereTablesOf(module));
  dlclose(plugin);
}

}  // namespace
}  // namespace pprofagent::hot
