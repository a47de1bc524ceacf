// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/rt/preload_list.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace pprofagent::hot {
namespace {

using Variables = std::vector<std::string>;

// What EditEnvironment makes; the memory it may use ends where a byte tells.
Variables Edited(const Variables& variables) {
  std::vector<char*> environment;
  environment.reserve(variables.size() + 1);
  for (const std::string& variable : variables) {
    environment.push_back(const_cast<char*>(variable.c_str()));
  }
  environment.push_back(nullptr);
  const size_t bytes = EditedEnvironmentBytes(environment.data(), "libagent.so");
  if (bytes == 0) return {"unedited"};
  std::vector<char*> memory(bytes / sizeof(char*) + 2);
  auto* const end = reinterpret_cast<char*>(memory.data()) + bytes;
  *end = '!';
  Variables edited;
  for (char** at = EditEnvironment(environment.data(), "libagent.so", memory.data());
       *at != nullptr; ++at) {
    edited.emplace_back(*at);
  }
  EXPECT_EQ(*end, '!');
  return edited;
}

std::string EditedList(const std::string& list) {
  const Variables edited = Edited({"LD_PRELOAD=" + list});
  if (edited.empty()) return "left out";
  return edited[0].starts_with("LD_PRELOAD=") ? edited[0].substr(11) : edited[0];
}

TEST(PreloadList, OnlyOurEntryGoes) {
  EXPECT_EQ(EditedList("libagent.so"), "left out");
  EXPECT_EQ(EditedList("/a/b/libagent.so"), "left out");
  EXPECT_EQ(EditedList("/$LIB/libagent.so:x.so"), "x.so");
  EXPECT_EQ(EditedList("x.so:/a/libagent.so"), "x.so");
  EXPECT_EQ(EditedList("x.so /a/libagent.so:y.so z.so"), "x.so y.so z.so");
  EXPECT_EQ(EditedList("libagent.so:libagent.so x.so:libagent.so"), "x.so");
  EXPECT_EQ(EditedList(" : libagent.so : "), "left out");
  EXPECT_EQ(EditedList("x.so::libagent.so::y.so"), "x.so:::y.so");
}

TEST(PreloadList, OthersAreLeftAlone) {
  for (const char* list :
       {"", "x.so", "libagent.so.1", "xlibagent.so", "/libagent.so/x.so", "libagent.s"}) {
    EXPECT_EQ(EditedList(list), "unedited") << list;
  }
  EXPECT_EQ(Edited({}), Variables{"unedited"});
  EXPECT_EQ(Edited({"LD_PRELOADS=libagent.so", "LD_PRELOA=libagent.so", "LD_PRELOAD"}),
            Variables{"unedited"});
  EXPECT_EQ(EditedEnvironmentBytes(nullptr, "libagent.so"), 0u);
}

TEST(PreloadList, AllElseStaysInItsOrder) {
  EXPECT_EQ(Edited({"A=1", "LD_PRELOAD=libagent.so", "", "B=libagent.so",
                    "LD_PRELOAD=x:libagent.so", "\xff=\xfe"}),
            (Variables{"A=1", "", "B=libagent.so", "LD_PRELOAD=x", "\xff=\xfe"}));
}

}  // namespace
}  // namespace pprofagent::hot
