// SPDX-License-Identifier: Apache-2.0
#include "tools/driver/config.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace cpprof::driver {
namespace {

std::string SetError(std::string_view name, std::string_view value) {
  Config config;
  return SetOption(&config, *FindOption(name), value).message();
}

TEST(ConfigTest, NamesAndUrlsAreUnique) {
  std::set<std::string_view> names;
  std::set<std::string_view> urls;
  for (const Option& option : Options()) {
    EXPECT_TRUE(names.insert(option.name).second) << option.name;
    for (const Choice& choice : option.choices) {
      EXPECT_TRUE(names.insert(choice.name).second) << choice.name;
    }
    EXPECT_TRUE(option.url.empty() || urls.insert(option.url).second) << option.url;
    EXPECT_FALSE(option.help.empty()) << option.name;
  }
}

TEST(ConfigTest, SetAndGetAreInverse) {
  Config config;
  for (const auto& [name, value] :
       std::initializer_list<std::pair<const char*, const char*>>{{"nodecount", "7"},
                                                                  {"nodefraction", "0.25"},
                                                                  {"trim", "false"},
                                                                  {"focus", "main"},
                                                                  {"sort", "cum"},
                                                                  {"granularity", "lines"},
                                                                  {"divide_by", "1e+21"}}) {
    ASSERT_TRUE(SetOption(&config, *FindOption(name), value).ok()) << name;
    EXPECT_EQ(GetOption(config, *FindOption(name)), value);
  }
}

TEST(ConfigTest, Defaults) {
  const Config config;
  EXPECT_EQ(GetOption(config, *FindOption("nodefraction")), "0.005");
  EXPECT_EQ(GetOption(config, *FindOption("divide_by")), "1");
  EXPECT_EQ(GetOption(config, *FindOption("nodecount")), "-1");
}

TEST(ConfigTest, BadValuesAreNamed) {
  EXPECT_EQ(SetError("nodecount", "x"), "strconv.Atoi: parsing \"x\": invalid syntax");
  EXPECT_EQ(SetError("nodecount", "99999999999999999999"),
            "strconv.Atoi: parsing \"99999999999999999999\": value out of range");
  EXPECT_EQ(SetError("nodefraction", "x"), "strconv.ParseFloat: parsing \"x\": invalid syntax");
  EXPECT_EQ(SetError("trim", "maybe"), "illegal value \"maybe\" for bool variable");
  EXPECT_EQ(SetError("sort", "size"), "invalid \"sort\" value \"size\"");
}

TEST(ConfigTest, ChoicesFindTheirOption) {
  EXPECT_EQ(FindOptionWithChoice("lines")->name, "granularity");
  EXPECT_EQ(FindOptionWithChoice("cum")->name, "sort");
  EXPECT_EQ(FindOptionWithChoice("granularity"), nullptr);
}

}  // namespace
}  // namespace cpprof::driver
