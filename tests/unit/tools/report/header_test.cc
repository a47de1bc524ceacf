// SPDX-License-Identifier: Apache-2.0
#include "tools/report/header.h"

#include <gtest/gtest.h>

#include "tests/unit/tools/example_profile.h"
#include "tools/base/strings.h"

namespace cpprof::report {
namespace {

std::string Header(profile::Profile* profile, const std::string& unit) {
  Options options;
  options.weighting.column = 1;
  options.sample_type = "cpu";
  options.sample_unit = unit;
  options.output_unit = "minimum";
  return Join(ProfileHeader(Report(profile, options)), "\n");
}

TEST(HeaderTest, SaysWhatIsKnown) {
  profile::Profile profile = ExampleProfile();
  profile.mappings[0].build_id = profile.Intern("abc");
  profile.comments = {profile.Intern("shown"), profile.Intern("#hidden")};
  profile.duration_nanos = 4000;
  EXPECT_EQ(Header(&profile, "nanoseconds"),
            "File: example\nBuild ID: abc\nshown\nType: cpu\n"
            "Duration: 4us, Total samples = 1us (25.00%)");
}

TEST(HeaderTest, TheShareOfTimeIsForTimesOnly) {
  profile::Profile profile = ExampleProfile();
  profile.duration_nanos = 4000;
  EXPECT_EQ(Header(&profile, "bytes"),
            "File: example\nType: cpu\nDuration: 4us, Total samples = 1000B ");
}

}  // namespace
}  // namespace cpprof::report
