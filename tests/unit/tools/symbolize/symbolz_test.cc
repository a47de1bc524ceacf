// SPDX-License-Identifier: Apache-2.0
#include "tools/symbolize/symbolz.h"

#include <gtest/gtest.h>

namespace cpprof::symbolize {
namespace {

profile::Profile TwoLocations() {
  profile::Profile profile;
  profile.AddSampleType("samples", "count");
  profile::Mapping mapping;
  mapping.start = 0x1000;
  mapping.limit = 0x9000;
  mapping.build_id = profile.Intern("abc");
  profile.AddMapping(mapping);
  profile.AddLocation(0x1100, 0);
  profile.AddLocation(0x1200, 0);
  profile.AddLocation(0x2000, profile::kNone);
  return profile;
}

TEST(SymbolizeRemotely, AsksOnceAndUndoesTheShiftOfMerging) {
  profile::Profile profile = TwoLocations();
  const fetch::MappingSources sources = {{"abc", {{"http://h:1/debug/pprof/profile", 0x5000}}}};
  std::vector<std::string> seen;
  const auto status = SymbolizeRemotely(
      &profile, false, sources, [&](const std::string& url, const std::string& b) {
        seen.push_back(url + " " + b);
        return Result<std::string>("num_symbols: 1\n0x5100\tfirst\n0x5200 se cond\n0x5300 cut");
      });
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(seen, std::vector<std::string>{"http://h:1/debug/pprof/symbol 0x5100+0x5200"});
  ASSERT_EQ(profile.Lines(0).size(), 1u);
  EXPECT_EQ(profile.Text(profile.functions[profile.Lines(0)[0].function].name), "first");
  EXPECT_EQ(profile.Text(profile.functions[profile.Lines(1)[0].function].name), "se cond");
  EXPECT_TRUE(profile.Lines(2).empty());
  EXPECT_TRUE(profile.mappings[0].has_functions);
}

TEST(SymbolizeRemotely, LeavesNamedAndLocalMappingsAlone) {
  profile::Profile profile = TwoLocations();
  const auto never = [](const std::string&, const std::string&) {
    ADD_FAILURE();
    return Result<std::string>("");
  };
  EXPECT_TRUE(SymbolizeRemotely(&profile, true, {}, never).ok());
  profile.mappings[0].has_functions = true;
  const fetch::MappingSources sources = {{"abc", {{"http://h/debug/pprof/profile", 0x1000}}}};
  EXPECT_TRUE(SymbolizeRemotely(&profile, false, sources, never).ok());
}

TEST(SymbolizeRemotely, FailuresAndImpossibleAddressesAreErrors) {
  profile::Profile profile = TwoLocations();
  const fetch::MappingSources sources = {{"abc", {{"http://h/profilez", 0x1000}}}};
  auto answer = [&](std::string text) {
    profile::Profile copy = profile;
    return SymbolizeRemotely(&copy, false, sources,
                             [&](const std::string&, const std::string&) -> Result<std::string> {
                               if (text.empty()) return Status::Error("refused");
                               return text;
                             });
  };
  EXPECT_EQ(answer("").message(), "refused");
  EXPECT_TRUE(answer("0xfffffffffffffffffff f\nnonsense\n0x\n").ok());
}

}  // namespace
}  // namespace cpprof::symbolize
