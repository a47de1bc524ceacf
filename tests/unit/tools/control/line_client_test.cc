// SPDX-License-Identifier: Apache-2.0
#include "tools/control/line_client.h"

#include <gtest/gtest.h>

namespace cpprof::control {
namespace {

using Lines = std::vector<std::string>;

TEST(LineClient, AnswersEndInOneLine) {
  EXPECT_EQ(*ParseAnswer("ok\n"), Lines());
  EXPECT_EQ(*ParseAnswer("pid: 1\n\nuptime: 2\nok\n"), (Lines{"pid: 1", "", "uptime: 2"}));
  EXPECT_EQ(ParseAnswer("error: there is no verb \"x\"\n").message(), "there is no verb \"x\"");
  EXPECT_EQ(ParseAnswer("some\nerror: disk full\n").message(), "disk full");
}

TEST(LineClient, WhatIsNoAnswerIsAnError) {
  EXPECT_EQ(ParseAnswer("").message(), "the answer is not complete");
  EXPECT_EQ(ParseAnswer("pid: 1\nok").message(), "the answer is not complete");
  EXPECT_EQ(ParseAnswer("220 mail ready\n").message(), "the answer is not an agent's");
  EXPECT_EQ(ParseAnswer("HTTP/1.1 403 Forbidden\r\n\r\n403").message(),
            "the agent obeys its own user and root");
}

TEST(LineClient, NobodyListens) {
  const auto answer = AskAgent("/no/such/socket", "status", std::chrono::seconds(1));
  ASSERT_FALSE(answer.ok());
  EXPECT_TRUE(answer.message().starts_with("/no/such/socket: ")) << answer.message();
  EXPECT_FALSE(AskAgent(std::string(200, 'x'), "status", std::chrono::seconds(1)).ok());
}

}  // namespace
}  // namespace cpprof::control
