// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/unwind/module_lookup.h"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#include "tests/unit/agent/hot/unwind/plugins.h"

namespace pprofagent::hot {
namespace {

// getauxval is libc's in every build; malloc may be a sanitizer's.
TEST(ModuleLookupTest, FindsTheObjectOfAFunction) {
  Module module{};
  ASSERT_TRUE(FindModule(reinterpret_cast<uintptr_t>(&getauxval), &module));
  EXPECT_TRUE(module.Contains(reinterpret_cast<uintptr_t>(&getauxval)));
  EXPECT_NE(module.eh_frame_hdr, nullptr);
  EXPECT_NE(module.identity, 0u);
  Module own{};
  ASSERT_TRUE(FindModule(reinterpret_cast<uintptr_t>(&FindModule), &own));
  EXPECT_NE(own.identity, module.identity);
}

TEST(ModuleLookupTest, FindsNothingWhereNothingIsLoaded) {
  Module module{};
  EXPECT_FALSE(FindModule(0, &module));
  EXPECT_FALSE(FindModule(UINTPTR_MAX, &module));
  int on_the_stack = 0;
  EXPECT_FALSE(FindModule(reinterpret_cast<uintptr_t>(&on_the_stack), &module));
}

TEST(ModuleLookupTest, FindsTheVdso) {
  const uintptr_t vdso = getauxval(AT_SYSINFO_EHDR);
  if (vdso == 0) GTEST_SKIP() << "the kernel has given us no vDSO";
  InitializeModuleLookup();
  Module module{};
  ASSERT_TRUE(FindModule(vdso + 0x800, &module));
  EXPECT_EQ(reinterpret_cast<uintptr_t>(module.begin), vdso);
  EXPECT_NE(module.eh_frame_hdr, nullptr);
}

TEST(ModuleLookupTest, TheIdentityStaysAndIsTheSameEverywhereInAnObject) {
  Module first{};
  Module second{};
  ASSERT_TRUE(FindModule(reinterpret_cast<uintptr_t>(&malloc), &first));
  ASSERT_TRUE(FindModule(reinterpret_cast<uintptr_t>(&printf), &second));
  EXPECT_EQ(first.identity, second.identity);
}

// Same sizes, same layout, same place; another build.
TEST(ModuleLookupTest, TellsTwoBuildsAtOneAddressApart) {
  ASSERT_TRUE(MakePluginsShareAnAddress());
  uint64_t identities[3];
  const uint8_t* places[3];
  for (int i = 0; i < 3; ++i) {
    void* plugin = dlopen(i == 1 ? PLUGIN_B : PLUGIN_A, RTLD_NOW | RTLD_LOCAL);
    ASSERT_NE(plugin, nullptr) << dlerror();
    Module module{};
    ASSERT_TRUE(FindModule(reinterpret_cast<uintptr_t>(dlsym(plugin, "PluginCalls")), &module));
    identities[i] = module.identity;
    places[i] = module.begin;
    dlclose(plugin);
  }
  ASSERT_EQ(places[0], places[1]);
  ASSERT_EQ(places[0], places[2]);
  EXPECT_NE(identities[0], identities[1]);
  EXPECT_EQ(identities[0], identities[2]);
}

TEST(ModuleLookupTest, TablesLieInsideOneReadableSegment) {
  Module module{};
  ASSERT_TRUE(FindModule(reinterpret_cast<uintptr_t>(&malloc), &module));
  const CfiModule tables = TablesOf(module);
  EXPECT_LE(tables.begin, tables.eh_frame_hdr);
  EXPECT_GT(tables.end, tables.eh_frame_hdr);
  EXPECT_GE(tables.begin, module.begin);
  EXPECT_LE(tables.end, module.end);
  EXPECT_LT(tables.end - tables.begin, module.end - module.begin);
}

}  // namespace
}  // namespace pprofagent::hot
