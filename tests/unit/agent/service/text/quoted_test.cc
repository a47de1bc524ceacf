// SPDX-License-Identifier: Apache-2.0
#include "agent/service/text/quoted.h"

#include <gtest/gtest.h>

namespace pprofagent::service {
namespace {

TEST(Quoted, EscapesWhatWouldEndTextOrLine) {
  EXPECT_EQ(Quoted("plain \xc3\xa4"), "\"plain \xc3\xa4\"");
  EXPECT_EQ(Quoted("a\"b\\c\nd\x7f"), "\"a\\\"b\\\\c\\x0ad\\x7f\"");
}

TEST(Quoted, LabelsAreInOrderOfTheirKeys) {
  EXPECT_EQ(InBraces({}), "");
  EXPECT_EQ(
      InBraces({{.key = "user", .text = "alice"}, {.key = "bytes", .text = "", .number = 16}}),
      "{\"bytes\":\"16\", \"user\":\"alice\"}");
  EXPECT_EQ(InBraces({{.key = "a", .text = "1"}}, ": "), "{\"a\": \"1\"}");
}

}  // namespace
}  // namespace pprofagent::service
