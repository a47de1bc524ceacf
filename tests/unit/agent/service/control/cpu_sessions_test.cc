// SPDX-License-Identifier: Apache-2.0
#include "agent/service/control/cpu_sessions.h"

#include <gtest/gtest.h>

#include "tests/unit/agent/service/support/fake_hot.h"

namespace pprofagent::service {
namespace {

class CpuSessionsTest : public testing::Test {
 protected:
  void SetUp() override { fake_hot::Reset(); }
  CpuSessions sessions_{250};
};

TEST_F(CpuSessionsTest, RunTheEngineWhileAnyRuns) {
  ASSERT_TRUE(sessions_.Begin(CpuSessions::kWholeProcess).ok());
  EXPECT_EQ(fake_hot::CpuRate(), 250);
  const CpuInterval* whole = sessions_.Running();
  ASSERT_NE(whole, nullptr);
  ASSERT_TRUE(sessions_.Begin(CpuSessions::kOnRequest).ok());
  EXPECT_NE(sessions_.Running(), whole) << "the one on request comes first";
  EXPECT_TRUE(sessions_.End(CpuSessions::kOnRequest).has_value());
  EXPECT_TRUE(hot::CpuRunning());
  EXPECT_EQ(sessions_.Running(), whole);
  EXPECT_TRUE(sessions_.End(CpuSessions::kWholeProcess).has_value());
  EXPECT_FALSE(hot::CpuRunning());
  EXPECT_EQ(sessions_.Running(), nullptr);
}

TEST_F(CpuSessionsTest, OneOfAPurposeAtATime) {
  ASSERT_TRUE(sessions_.Begin(CpuSessions::kOnRequest).ok());
  EXPECT_EQ(sessions_.Begin(CpuSessions::kOnRequest).text(), "cpu profiling already in use");
  EXPECT_TRUE(sessions_.End(CpuSessions::kOnRequest).has_value());
  EXPECT_FALSE(sessions_.End(CpuSessions::kOnRequest).has_value());
}

TEST_F(CpuSessionsTest, SayWhyTheEngineDoesNotStart) {
  fake_hot::SetCpuStart(hot::CpuStart::kNoSignal);
  EXPECT_NE(sessions_.Begin(CpuSessions::kOnRequest).text().find("real-time signal"),
            std::string::npos);
  fake_hot::SetCpuStart(hot::CpuStart::kNoTimer);
  EXPECT_NE(sessions_.Begin(CpuSessions::kOnRequest).text().find("timer_create"),
            std::string::npos);
  EXPECT_FALSE(sessions_.IsRunning(CpuSessions::kOnRequest));
}

}  // namespace
}  // namespace pprofagent::service
