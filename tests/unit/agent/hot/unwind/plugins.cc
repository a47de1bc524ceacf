// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/agent/hot/unwind/plugins.h"

#include <dlfcn.h>
#include <sys/mman.h>

#include "agent/hot/unwind/module_lookup.h"

namespace pprofagent::hot {

namespace {

struct Place {
  const uint8_t* begin;
  const uint8_t* end;
};

Place PlaceOf(const char* path) {
  void* plugin = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (plugin == nullptr) return {};
  Module module{};
  FindModule(reinterpret_cast<uintptr_t>(dlsym(plugin, "PluginCalls")), &module);
  dlclose(plugin);
  return {module.begin, module.end};
}

}  // namespace

// What the loader itself allocates in between may take a part of the place that
// the first has left. Then the second goes elsewhere; that place is plugged for
// good, and soon none is left where only one of them goes.
bool MakePluginsShareAnAddress() {
  constexpr int kTries = 100;
  for (int i = 0; i < kTries; ++i) {
    const Place first = PlaceOf(PLUGIN_A);
    const Place second = PlaceOf(PLUGIN_B);
    if (first.begin == nullptr || second.begin == nullptr) return false;
    if (first.begin == second.begin && PlaceOf(PLUGIN_A).begin == first.begin) return true;
    mmap(const_cast<uint8_t*>(second.begin), static_cast<size_t>(second.end - second.begin),
         PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
  }
  return false;
}

}  // namespace pprofagent::hot
