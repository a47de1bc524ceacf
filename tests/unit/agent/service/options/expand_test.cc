// SPDX-License-Identifier: Apache-2.0
#include "agent/service/options/expand.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "agent/service/base/process.h"

namespace pprofagent::service {
namespace {

TEST(Expand, KnowsItsLetters) {
  EXPECT_EQ(Expand("/tmp/x"), "/tmp/x");
  EXPECT_EQ(Expand("%p"), std::to_string(getpid()));
  EXPECT_EQ(Expand("d-%u"), "d-" + std::to_string(geteuid()));
  EXPECT_EQ(Expand("%e.%p"), "agent_service_options_test." + std::to_string(getpid()));
  EXPECT_EQ(Expand("%h"), SafeFileName(HostName()));
  EXPECT_EQ(Expand("%d/log", "/dumps"), "/dumps/log");
}

TEST(Expand, LeavesOtherPercentSignsAlone) {
  EXPECT_EQ(Expand("100%%"), "100%");
  EXPECT_EQ(Expand("%%p"), "%p");
  EXPECT_EQ(Expand("%x%"), "%x%");
  EXPECT_EQ(Expand(""), "");
}

}  // namespace
}  // namespace pprofagent::service
