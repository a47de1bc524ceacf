// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/unwind/module_history.h"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "agent/hot/unwind/frame_word.h"
#include "agent/hot/unwind/module_lookup.h"
#include "agent/hot/unwind/unwinder.h"
#include "tests/unit/agent/hot/unwind/plugins.h"

namespace pprofagent::hot {
namespace {

struct Known {
  std::vector<const ModuleRecord*> records;

  const ModuleRecord* At(uintptr_t address, uint32_t generation) const {
    for (const ModuleRecord* record : records) {
      const bool contains = record->begin <= address && address < record->end;
      if (contains && record->generation == generation) return record;
    }
    return nullptr;
  }
};

Known AllKnown() {
  Known known;
  VisitModuleRecords(
      [](void* context, const ModuleRecord& record) {
        static_cast<Known*>(context)->records.push_back(&record);
      },
      &known);
  return known;
}

// As the kernel lists it.
std::string MapsLineOf(uintptr_t address) {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    uintptr_t start = 0;
    uintptr_t limit = 0;
    char dash = 0;
    std::istringstream(line) >> std::hex >> start >> dash >> limit;
    if (start <= address && address < limit) return line;
  }
  return "";
}

struct Visited {
  uintptr_t word;
  std::string maps_line;
};

// A frame in a library that is gone when this returns.
Visited VisitLibrary(const char* path) {
  void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  EXPECT_NE(library, nullptr) << dlerror();
  const auto address = reinterpret_cast<uintptr_t>(dlsym(library, "PluginCalls"));
  const Visited visited{FrameWordOf(address), MapsLineOf(address)};
  EXPECT_EQ(dlclose(library), 0);
  return visited;
}

TEST(ModuleHistoryTest, KnowsALibraryThatIsGone) {
  const Visited visited = VisitLibrary(PLUGIN_A);
  ASSERT_EQ(MapsLineOf(FrameAddress(visited.word)).find("unwind_plugin_a"), std::string::npos);
  const ModuleRecord* record =
      AllKnown().At(FrameAddress(visited.word), FrameGeneration(visited.word));
  ASSERT_NE(record, nullptr);
  EXPECT_STREQ(record->path, PLUGIN_A);
  EXPECT_EQ(record->build_id_place.size, 20u);
  ASSERT_EQ(record->code_segments, 1u);
  char expected[64];
  snprintf(expected, sizeof(expected), "%lx-%lx r-xp %08lx ", record->code[0].start,
           record->code[0].limit, record->code[0].offset);
  EXPECT_EQ(visited.maps_line.substr(0, strlen(expected)), expected);
}

TEST(ModuleHistoryTest, TellsTwoLibrariesAtOneAddressApart) {
  ASSERT_TRUE(MakePluginsShareAnAddress());
  const uintptr_t first = VisitLibrary(PLUGIN_A).word;
  const uintptr_t second = VisitLibrary(PLUGIN_B).word;
  const uintptr_t again = VisitLibrary(PLUGIN_A).word;
  ASSERT_EQ(FrameAddress(first), FrameAddress(second));
  // Which of the two was there first, other tests may have decided.
  EXPECT_NE(FrameGeneration(first), FrameGeneration(second));
  EXPECT_EQ(first, again);
  const Known known = AllKnown();
  EXPECT_STREQ(known.At(FrameAddress(first), FrameGeneration(first))->path, PLUGIN_A);
  EXPECT_STREQ(known.At(FrameAddress(second), FrameGeneration(second))->path, PLUGIN_B);
}

TEST(ModuleHistoryTest, MakesRelativePathsAbsolute) {
  const std::filesystem::path plugin(PLUGIN_B);
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(plugin.parent_path());
  const uintptr_t word = VisitLibrary(("./" + plugin.filename().string()).c_str()).word;
  std::filesystem::current_path(before);
  const ModuleRecord* record = AllKnown().At(FrameAddress(word), FrameGeneration(word));
  ASSERT_NE(record, nullptr);
  EXPECT_EQ(record->path[0], '/');
  EXPECT_TRUE(std::filesystem::equivalent(record->path, plugin)) << record->path;
}

TEST(ModuleHistoryTest, TheProgramItselfIsOfTheFirstGeneration) {
  const auto address = reinterpret_cast<uintptr_t>(&VisitLibrary);
  EXPECT_EQ(FrameWordOf(address), address);
  EXPECT_STREQ(AllKnown().At(address, 0)->path, "");
  int on_the_stack = 0;
  EXPECT_EQ(FrameWordOf(reinterpret_cast<uintptr_t>(&on_the_stack)),
            reinterpret_cast<uintptr_t>(&on_the_stack));
}

// An object that does not exist, with the headers of none.
alignas(4096) constexpr uint8_t kNothing[4096] = {};
const ModuleRecord* RecordNumber(uint64_t number) {
  // Of the two at this address the program, for which other tests look, is the first.
  FrameWordOf(reinterpret_cast<uintptr_t>(kNothing));
  return RecordModule({.identity = number,
                       .key = number,
                       .begin = kNothing,
                       .end = kNothing + sizeof(kNothing),
                       .build_id = {},
                       .name = "/nothing.so"});
}

TEST(ModuleHistoryTest, ThreadsAgreeOnOneRecord) {
  constexpr int kThreads = 4;
  constexpr int kObjects = 200;
  const ModuleRecord* seen[kThreads][kObjects];
  std::vector<std::thread> threads;
  for (auto& of_thread : seen) {
    threads.emplace_back([&of_thread] {
      for (int i = 0; i < kObjects; ++i) of_thread[i] = RecordNumber(1000 + i);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (int i = 0; i < kObjects; ++i) {
    ASSERT_NE(seen[0][i], nullptr);
    for (const auto& of_thread : seen) EXPECT_EQ(of_thread[i], seen[0][i]);
  }
}

// In a process of its own: what is full stays full.
[[noreturn]] void FillUp() {
  std::set<const ModuleRecord*> records;
  uint64_t number = 1;
  while (const ModuleRecord* record = RecordNumber(number++)) {
    if (number > 10'000 || !records.insert(record).second) _exit(1);
  }
  if (records.size() > 1024 || records.size() < 1000) _exit(2);
  if (ModulesNotRecorded() != 1) _exit(3);
  // What is known stays known, and what is not can still be walked through.
  if (RecordNumber(1) == nullptr || RecordNumber(1'000'000) != nullptr) _exit(4);
  const uintptr_t word = VisitLibrary(PLUGIN_A).word;
  if (FrameGeneration(word) != 0 || FrameAddress(word) == 0) _exit(5);
  if (ModuleHistoryBytes() > size_t{2} << 20) _exit(6);
  _exit(0);
}

TEST(ModuleHistoryDeathTest, IsBoundedAndCountsWhatItCannotKeep) {
  EXPECT_EXIT(FillUp(), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace pprofagent::hot
