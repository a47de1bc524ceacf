// SPDX-License-Identifier: Apache-2.0
#include "agent/service/log/log.h"

#include <errno.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "agent/service/options/environment.h"
#include "tests/unit/agent/service/support/scratch_directory.h"

namespace pprofagent::service {
namespace {

// All digits replaced by 9.
std::string WithNines(std::string text) {
  for (char& c : text) {
    if (c >= '0' && c <= '9') c = '9';
  }
  return text;
}

class LogTest : public testing::Test {
 protected:
  void SetUp() override {
    options_ = DefaultOptions();
    options_.dir = scratch_ / "dumps";
    options_.log = scratch_ / "log";
    ConfigureLog(options_);
  }

  std::string Written() const { return test::Contents(scratch_ / "log"); }

  test::ScratchDirectory scratch_;
  // As in the agent, longer-lived than anything that logs.
  static inline Options options_;
};

TEST_F(LogTest, WritesOneLineAMessage) {
  Log(LogLevel::kWarn, "disk is full");
  Log(LogLevel::kError, "two\nlines {} %s");
  const std::string stamp =
      "9999-99-99T99:99:99.999Z pprofagent[" + WithNines(std::to_string(getpid())) + "] ";
  EXPECT_EQ(WithNines(Written()),
            stamp + "warning: disk is full\n" + stamp + "error: two lines {} %s\n");
}

TEST_F(LogTest, MakesNoFileBelowTheLevel) {
  Log(LogLevel::kInfo, "chatter");
  Log(LogLevel::kOff, "nothing");
  EXPECT_TRUE(test::Names(scratch_.path()).empty());
}

TEST_F(LogTest, ObeysTheLevel) {
  options_.log_level = LogLevel::kError;
  Log(LogLevel::kWarn, "no");
  Log(LogLevel::kError, "yes");
  EXPECT_EQ(Written().find("no"), std::string::npos);
  EXPECT_NE(Written().find("yes"), std::string::npos);
  options_.log_level = LogLevel::kOff;
  Log(LogLevel::kError, "silence");
  EXPECT_EQ(Written().find("silence"), std::string::npos);
}

TEST_F(LogTest, KeepsErrno) {
  options_.log = "/nowhere/at/all";
  errno = ECHILD;
  Log(LogLevel::kError, "lost");
  EXPECT_EQ(errno, ECHILD);
}

}  // namespace
}  // namespace pprofagent::service
