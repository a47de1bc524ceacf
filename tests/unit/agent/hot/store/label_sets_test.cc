// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/store/label_sets.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "agent/hot/store/stack_table.h"
#include "agent/hot/store/utf8.h"

namespace pprofagent::hot {
namespace {

MakeLabels Make(uint32_t base, const std::vector<Label>& labels, uint32_t* number) {
  return FindLabelSet(base, labels.data(), labels.size(), number);
}

uint32_t With(uint32_t base, const std::vector<Label>& labels) {
  uint32_t number = 0;
  EXPECT_EQ(Make(base, labels, &number), MakeLabels::kOk);
  return number;
}

using Pairs = std::vector<std::pair<std::string, std::string>>;

Pairs ContentsOf(uint32_t number) {
  Pairs pairs;
  const LabelSet* set = LabelSetOf(number);
  for (uint32_t i = 0; set != nullptr && i < set->count; ++i) {
    pairs.emplace_back(set->labels[i].key, set->labels[i].value);
  }
  return pairs;
}

TEST(LabelSets, TheSameLabelsAreTheSameSetInAnyOrder) {
  const uint32_t set = With(0, {{"user", "alice"}, {"path", "/"}});
  EXPECT_EQ(With(0, {{"path", "/"}, {"user", "alice"}}), set);
  EXPECT_EQ(With(With(0, {{"path", "/"}}), {{"user", "alice"}}), set);
  EXPECT_EQ(ContentsOf(set), (Pairs{{"path", "/"}, {"user", "alice"}}));
  EXPECT_NE(With(0, {{"user", "bob"}, {"path", "/"}}), set);
}

TEST(LabelSets, TextsAreCopied) {
  char value[] = "first";
  const uint32_t set = With(0, {{"copied", value}});
  value[0] = 'F';
  EXPECT_EQ(ContentsOf(set), (Pairs{{"copied", "first"}}));
  EXPECT_NE(With(0, {{"copied", value}}), set);
}

TEST(LabelSets, ALaterValueReplacesAnEarlierOne) {
  const uint32_t set = With(0, {{"a", "1"}, {"b", "1"}, {"a", "2"}});
  EXPECT_EQ(ContentsOf(With(set, {{"b", "3"}, {"c", "4"}})),
            (Pairs{{"a", "2"}, {"b", "3"}, {"c", "4"}}));
  EXPECT_EQ(ContentsOf(set), (Pairs{{"a", "2"}, {"b", "1"}}));
}

TEST(LabelSets, AnEmptyValueTakesTheKeyOut) {
  const uint32_t set = With(0, {{"a", "1"}, {"b", "1"}});
  EXPECT_EQ(With(set, {{"a", ""}}), With(0, {{"b", "1"}}));
  EXPECT_EQ(With(set, {{"a", ""}, {"b", ""}, {"c", ""}}), 0u);
}

TEST(LabelSets, WhereATextEndsIsPartOfIt) {
  EXPECT_NE(With(0, {{"ab", "c"}}), With(0, {{"a", "bc"}}));
  EXPECT_NE(With(0, {{"a", "b"}, {"c", "d"}}), With(0, {{"a", "bc"}, {"d", "x"}}));
}

TEST(LabelSets, WhatIsNoSetIsRefused) {
  uint32_t number = 0;
  const std::string longest_key(kLongestLabelKey, 'k');
  const std::string longest_value(kLongestLabelValue, 'v');
  EXPECT_EQ(Make(0, {{longest_key.c_str(), longest_value.c_str()}}, &number), MakeLabels::kOk);
  EXPECT_EQ(Make(0, {{(longest_key + "k").c_str(), "v"}}, &number), MakeLabels::kTooLong);
  EXPECT_EQ(Make(0, {{"k", (longest_value + "v").c_str()}}, &number), MakeLabels::kTooLong);
  EXPECT_EQ(Make(0, {{"", "v"}}, &number), MakeLabels::kInvalid);
  EXPECT_EQ(Make(0, {{nullptr, "v"}}, &number), MakeLabels::kInvalid);
  EXPECT_EQ(Make(0, {{"k", nullptr}}, &number), MakeLabels::kInvalid);
  EXPECT_EQ(Make(0, {{"k", "\xff"}}, &number), MakeLabels::kNotText);
  EXPECT_EQ(Make(kMostLabelSets, {{"k", "v"}}, &number), MakeLabels::kInvalid);
  EXPECT_EQ(Make(UINT32_MAX, {{"k", "v"}}, &number), MakeLabels::kInvalid);
  EXPECT_EQ(LabelSetOf(UINT32_MAX), nullptr);

  std::vector<std::string> keys;
  for (uint32_t i = 0; i < kMostLabels; ++i) keys.push_back("key" + std::to_string(i));
  std::vector<Label> labels;
  for (const std::string& key : keys) labels.push_back({key.c_str(), "v"});
  const uint32_t full = With(0, labels);
  EXPECT_EQ(ContentsOf(full).size(), kMostLabels);
  EXPECT_EQ(Make(full, {{"another", "v"}}, &number), MakeLabels::kTooLong);
  EXPECT_EQ(Make(full, {{"key7", "w"}}, &number), MakeLabels::kOk);
}

TEST(LabelSets, Utf8) {
  for (const std::string_view text : {"", "plain", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x8d\x8e",
                                      "\xed\x9f\xbf", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(IsUtf8(text.data(), text.size())) << text;
  }
  for (const std::string_view text :
       {"\x80", "\xc3", "\xc0\xaf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80", "a\xe2\x82", "\xc3("}) {
    EXPECT_FALSE(IsUtf8(text.data(), text.size())) << text;
  }
}

TEST(LabelSets, StacksUnderDifferentLabelsAreDifferent) {
  const uintptr_t pcs[] = {1, 2, 3};
  const uint32_t labels = With(0, {{"stack", "its"}});
  const StackRecord* bare = InternStack(pcs, 3, false);
  const StackRecord* labelled = InternStack(pcs, 3, false, labels);
  EXPECT_NE(bare, labelled);
  EXPECT_NE(bare->hash, labelled->hash);
  EXPECT_EQ(labelled->labels, labels);
  EXPECT_EQ(bare->labels, 0u);
  EXPECT_EQ(InternStack(pcs, 3, false, labels), labelled);
}

// The whole of what a process may have, by several threads that make the same ones.
// Last: no test after it gets a set.
TEST(LabelSetsLast, WhenFullFurtherSetsAreRefusedAndKnownOnesFound) {
  constexpr uint32_t kRounds = kMostLabelSets + 1000;
  std::vector<std::vector<uint32_t>> numbers(4);
  std::vector<std::thread> threads;
  for (std::vector<uint32_t>& own : numbers) {
    threads.emplace_back([&own] {
      for (uint32_t i = 0; i < kRounds; ++i) {
        const std::string value = std::to_string(i);
        uint32_t number = 0;
        if (Make(0, {{"request", value.c_str()}}, &number) == MakeLabels::kOk)
          own.push_back(number);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(LabelSetsRefused(), 0u);
  EXPECT_LE(LabelSetBytes(), size_t{16} << 20);
  for (const std::vector<uint32_t>& own : numbers) {
    // Twice there are a few that were made while a segment of the index was opened, and
    // a few numbers may be on their way back when a thread asks.
    EXPECT_GT(own.size(), kMostLabelSets - 100u);
    EXPECT_LE(own.size(), kMostLabelSets);
  }
  const uint64_t refused = LabelSetsRefused();
  EXPECT_EQ(ContentsOf(With(0, {{"request", "1"}})), (Pairs{{"request", "1"}}));
  EXPECT_EQ(LabelSetsRefused(), refused);
  uint32_t number = 77;
  EXPECT_EQ(Make(0, {{"request", "none"}}, &number), MakeLabels::kFull);
  EXPECT_EQ(LabelSetsRefused(), refused + 1);
  EXPECT_EQ(number, 0u);
}

}  // namespace
}  // namespace pprofagent::hot
