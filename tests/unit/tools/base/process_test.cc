// SPDX-License-Identifier: Apache-2.0
#include "tools/base/process.h"

#include <gtest/gtest.h>

namespace cpprof {
namespace {

TEST(ProcessTest, PassesInputAndReturnsOutput) {
  const std::string input(300000, 'x');
  const Result<std::string> output = RunProgram({"cat"}, input);
  ASSERT_TRUE(output.ok());
  EXPECT_EQ(*output, input);
}

TEST(ProcessTest, AFailingProgramIsAnError) {
  EXPECT_EQ(RunProgram({"false"}, "").message(), "exit status 1");
  EXPECT_EQ(StartProgram({"sh", "-c", "exit 3"}, /*wait=*/true).message(), "exit status 3");
}

TEST(ProcessTest, AMissingProgramIsNamed) {
  EXPECT_EQ(RunProgram({"no-such-program"}, "").message(),
            "exec: \"no-such-program\": executable file not found in $PATH");
}

TEST(ProcessTest, LimitsAreKept) {
  const RunLimits limits = {.time = std::chrono::seconds(60), .output_bytes = 100'000};
  const Result<std::string> within = RunProgramWithin({"echo", "hello"}, limits);
  ASSERT_TRUE(within.ok()) << within.message();
  EXPECT_EQ(*within, "hello\n");
  EXPECT_EQ(RunProgramWithin({"sh", "-c", "echo what is wrong >&2; exit 4"}, limits).message(),
            "exit status 4 (what is wrong)");
  // Neither ends by itself.
  EXPECT_EQ(RunProgramWithin({"yes"}, limits).message(), "ended after more than 0 MB of output");
  EXPECT_EQ(RunProgramWithin({"tail", "-f", "/dev/null"},
                             {.time = std::chrono::seconds(0), .output_bytes = 1})
                .message(),
            "ended after 0 seconds without a result");
}

}  // namespace
}  // namespace cpprof
