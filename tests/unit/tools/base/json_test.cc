// SPDX-License-Identifier: Apache-2.0
#include "tools/base/json.h"

#include <gtest/gtest.h>

#include <limits>

namespace cpprof {
namespace {

TEST(JsonTest, WritesObjectsAndArrays) {
  std::string out;
  JsonWriter json(&out);
  json.BeginObject();
  json.Text("name", "a");
  json.BeginArray("list");
  json.Number(nullptr, std::numeric_limits<int64_t>::min());
  json.Fraction(nullptr, 12.5);
  json.EndArray();
  json.BeginArray("empty");
  json.EndArray();
  json.Boolean("yes", true);
  json.EndObject();
  EXPECT_EQ(out,
            "{\n  \"name\": \"a\",\n  \"list\": [\n    -9223372036854775808,\n    12.5\n  ],\n"
            "  \"empty\": [],\n  \"yes\": true\n}\n");
}

TEST(JsonTest, TextIsEscapedAndValidUtf8) {
  EXPECT_EQ(JsonText("a\"\\\n\t\x01\x7f"), "\"a\\\"\\\\\\n\\t\\u0001\\u007f\"");
  EXPECT_EQ(JsonText("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"),
            "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"");
  const std::string bad = "\"\xef\xbf\xbd\"";
  EXPECT_EQ(JsonText("\xff"), bad);
  EXPECT_EQ(JsonText("\xc3"), bad);
  // An overlong form, a surrogate, beyond Unicode: each byte is replaced.
  EXPECT_EQ(JsonText("\xc0\x80").size(), 2 + 2 * 3u);
  EXPECT_EQ(JsonText("\xed\xa0\x80").size(), 2 + 3 * 3u);
  EXPECT_EQ(JsonText("\xf4\x90\x80\x80").size(), 2 + 4 * 3u);
}

TEST(JsonTest, DecimalsAreShort) {
  EXPECT_EQ(ShortDecimal(0), "0");
  EXPECT_EQ(ShortDecimal(-0.00001), "0");
  EXPECT_EQ(ShortDecimal(100), "100");
  EXPECT_EQ(ShortDecimal(33.33333), "33.3333");
  EXPECT_EQ(ShortDecimal(-2.5), "-2.5");
  EXPECT_EQ(ShortDecimal(std::numeric_limits<double>::infinity()), "0");
}

}  // namespace
}  // namespace cpprof
