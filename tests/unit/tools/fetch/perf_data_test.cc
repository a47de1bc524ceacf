// SPDX-License-Identifier: Apache-2.0
#include "tools/fetch/perf_data.h"

#include <gtest/gtest.h>

#include "tests/unit/tools/fetch/fetch_fixture.h"

namespace cpprof::fetch {
namespace {

class PerfDataTest : public FetchFixture {
 protected:
  void SetUp() override {
    FetchFixture::SetUp();
    std::filesystem::create_directory(Path("bin"));
    SetVariable("PATH", Path("bin") + ":/usr/bin:/bin");
  }
  // A converter that does this.
  void Converter(const std::string& script) {
    Write("bin/perf_to_profile", "#!/bin/sh\n" + script + "\n");
    std::filesystem::permissions(Path("bin/perf_to_profile"), std::filesystem::perms::owner_all);
  }
  CollectedNotices notices_;
};

TEST_F(PerfDataTest, TheConvertersFileIsRead) {
  EXPECT_TRUE(IsPerfData("PERFILE2xyz"));
  EXPECT_FALSE(IsPerfData("PERFILE"));
  Converter("[ \"$1$3$5\" = -i-o-f ] && cat \"$2\" > \"$4\"");
  const std::string input = Write("perf.data", "PERFILE2 content");
  EXPECT_EQ(View(*ConvertPerfData(input, &notices_)), "PERFILE2 content");
  EXPECT_EQ(notices_.lines()[0],
            "Converting " + input + " to a profile.proto... (May take a few minutes)");
}

TEST_F(PerfDataTest, FailuresNameTheConverter) {
  const std::string text =
      "failed to convert perf.data file. Try github.com/google/perf_data_converter: ";
  EXPECT_EQ(ConvertPerfData("x", &notices_).message(),
            text + "exec: \"perf_to_profile\": executable file not found in $PATH");
  Converter("exit 3");
  EXPECT_EQ(ConvertPerfData("x", &notices_).message(), text + "exit status 3");
}

}  // namespace
}  // namespace cpprof::fetch
