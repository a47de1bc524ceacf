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

}  // namespace
}  // namespace cpprof
