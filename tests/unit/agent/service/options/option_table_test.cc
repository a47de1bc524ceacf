// SPDX-License-Identifier: Apache-2.0
#include "agent/service/options/option_table.h"

#include <gtest/gtest.h>

#include <set>

namespace pprofagent::service {
namespace {

TEST(OptionTable, IsCompleteAndUnambiguous) {
  std::set<std::string_view> names;
  for (const OptionSpec& spec : OptionTable()) {
    EXPECT_TRUE(names.insert(spec.name).second) << spec.name;
    EXPECT_FALSE(spec.help.empty()) << spec.name;
    EXPECT_FALSE(spec.form.empty()) << spec.name;
    Options options;
    EXPECT_TRUE(spec.set(spec.default_text, &options)) << spec.name << ": default is refused";
  }
}

TEST(FindOption, IsExact) {
  ASSERT_NE(FindOption("HEAP_RATE"), nullptr);
  EXPECT_EQ(FindOption("heap_rate"), nullptr);
  EXPECT_EQ(FindOption(""), nullptr);
}

TEST(NearestOption, FindsWhatWasMeant) {
  const auto nearest = [](std::string_view name) {
    const OptionSpec* spec = NearestOption(name);
    return spec == nullptr ? std::string_view("-") : spec->name;
  };
  EXPECT_EQ(nearest("HEAPRATE"), "HEAP_RATE");
  EXPECT_EQ(nearest("heap_rate"), "HEAP_RATE");
  EXPECT_EQ(nearest("SIGNAL_PROFILE"), "SIGNAL_PROFILES");
  EXPECT_EQ(nearest("EXIT_PROFILE"), "EXIT_PROFILES");
  EXPECT_EQ(nearest("DIRS"), "DIR");
  EXPECT_EQ(nearest("COLOUR_OF_THE_SKY"), "-");
}

}  // namespace
}  // namespace pprofagent::service
