// SPDX-License-Identifier: Apache-2.0
//
// The texts, and what Debian's go tool pprof reads in them.
#include "agent/service/text/profile_text.h"

#include <gtest/gtest.h>
#include <stdio.h>
#include <stdlib.h>

#include <array>
#include <memory>
#include <utility>

#include "agent/service/profile/kinds.h"
#include "agent/service/text/memory_stats.h"
#include "agent/service/text/tab_columns.h"
#include "tests/unit/agent/service/support/fake_hot.h"
#include "tests/unit/agent/service/support/scratch_directory.h"

namespace pprofagent::service {
namespace {

constexpr ValueType kDelayTypes[] = {{"contentions", "count"}, {"delay", "nanoseconds"}};
constexpr ValueType kCountTypes[] = {{"threadcreate", "count"}};

KindSpec SpecWith(TextForm form, std::span<const ValueType> types) {
  return {Kind::kHeap, "x", {}, types, "", {"count", "count"}, "", nullptr, form};
}

std::string Text(Recording recording, TextOptions options) {
  ProfileText source(std::move(recording), std::move(options));
  std::string text;
  while (source.Next(&text)) continue;
  return text;
}

class ProfileTextTest : public testing::Test {
 protected:
  Recording HeapRecording() const {
    return {.kind = &SpecOf(Kind::kHeap),
            .samples = {{.stack = fake_hot::Stack({0x1233, 0x5677}), .values = {10, 1000, 4, 400}},
                        {.stack = fake_hot::Stack({0x5677}), .values = {3, 30, 0, 0}},
                        {.stack = fake_hot::Stack({0x1233}), .values = {7, 7000, 7, 7000}}},
            .rate = "heap sampling rate: 512 bytes"};
  }

  // What go tool pprof -raw says of the text.
  std::string Raw(const std::string& text) const {
    test::WriteFile(scratch_ / "text", text);
    const std::string command = "HOME=" + scratch_.path() + " go tool pprof -raw -symbolize=none " +
                                (scratch_ / "text") + " 2>&1";
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
    std::string output;
    std::array<char, 4096> chunk;
    while (fgets(chunk.data(), chunk.size(), pipe.get()) != nullptr) output += chunk.data();
    return output;
  }
  static bool HasGo() { return system("command -v go >/dev/null") == 0; }

  test::ScratchDirectory scratch_;
};

TEST_F(ProfileTextTest, HeapIsReadBackAsItIs) {
  const std::string text = Text(HeapRecording(), {"heap", MemoryStats()});
  EXPECT_TRUE(text.starts_with("heap profile: 11: 7400 [20: 8030] @ heap_v2/1\n")) << text;
  const size_t first = text.find("\n7: 7000 [7: 7000] @ 0x1234\n#\t0x1233\n\n");
  const size_t second = text.find("\n4: 400 [10: 1000] @ 0x1234 0x5678\n");
  EXPECT_NE(first, std::string::npos) << text;
  EXPECT_LT(first, second) << "most in use first";
  EXPECT_NE(text.find("\n--- Memory map: ---\n"), std::string::npos);
  ASSERT_TRUE(HasGo()) << "go is not installed";
  const std::string raw = Raw(text);
  EXPECT_NE(raw.find("10       1000          4        400: 1 2"), std::string::npos) << raw;
  EXPECT_NE(raw.find(" 3         30          0          0: 2"), std::string::npos) << raw;
  EXPECT_NE(raw.find("0x1233"), std::string::npos) << raw;
}

TEST_F(ProfileTextTest, HeapThatNothingLeftYetKeepsItsAllocations) {
  const Recording recording = {
      .kind = &SpecOf(Kind::kHeap),
      .samples = {{.stack = fake_hot::Stack({0x1233}), .values = {7, 7000, 7, 7000}}}};
  const std::string text = Text(recording, {"heap", ""});
  EXPECT_TRUE(text.starts_with("heap profile: 7: 7000 [7: 7001] @ heap_v2/1\n")) << text;
}

TEST_F(ProfileTextTest, DelaysAreReadBackAsTheyAre) {
  for (const TextForm form : {TextForm::kContention, TextForm::kMutex}) {
    const KindSpec spec = SpecWith(form, kDelayTypes);
    const Recording recording = {
        .kind = &spec,
        .samples = {{.stack = fake_hot::Stack({0x1233}), .values = {2, 1'000'000'000}},
                    {.stack = fake_hot::Stack({0x5677}), .values = {3, 5'000'000'000}}}};
    const std::string text = Text(recording, {"block", ""});
    EXPECT_LT(text.find("5000000000 3 @ 0x5678"), text.find("1000000000 2 @ 0x1234")) << text;
    ASSERT_TRUE(HasGo()) << "go is not installed";
    EXPECT_NE(Raw(text).find("3 5000000000: "), std::string::npos) << Raw(text);
  }
}

TEST_F(ProfileTextTest, CountsAreReadBackAsTheyAre) {
  const KindSpec spec = SpecWith(TextForm::kCount, kCountTypes);
  const Recording recording = {
      .kind = &spec,
      .samples = {{.stack = fake_hot::Stack({}), .values = {1}},
                  {.stack = fake_hot::Stack({0x1233, 0x5677}),
                   .values = {4},
                   .labels = {{"user", "al\"ice"}, {"age", "", 7, "years"}}}}};
  const std::string text = Text(recording, {"goroutine", ""});
  EXPECT_TRUE(
      text.starts_with("goroutine profile: total 5\n4 @ 0x1234 0x5678\n"
                       "# labels: {\"age\":\"7\", \"user\":\"al\\\"ice\"}\n#\t0x1233\n"))
      << text;
  ASSERT_TRUE(HasGo()) << "go is not installed";
  const std::string raw = Raw(text);
  EXPECT_NE(raw.find("goroutine/count"), std::string::npos) << raw;
  EXPECT_NE(raw.find(" 4: "), std::string::npos) << raw;
}

TEST_F(ProfileTextTest, NamesFunctions) {
  const Recording recording = {
      .kind = &SpecOf(Kind::kHeap),
      .samples = {{.stack = fake_hot::Stack({reinterpret_cast<uintptr_t>(&MemoryMapText) + 1}),
                   .values = {7, 7000, 7, 7000}}}};
  const std::string text = Text(recording, {"heap", ""});
  EXPECT_NE(text.find("pprofagent::service::MemoryMapText["), std::string::npos) << text;
  EXPECT_NE(text.find("profile_text.cc:"), std::string::npos) << text;
}

TEST(TabColumns, AlignsByTabs) {
  const Cells first = {"#", "0x1", "main+0x1", "a.cc:1"};
  const Cells second = {"#", "0x123456789", "f", "b.cc:2"};
  const Cells* const lines[] = {&first, &second};
  std::string text = "before\n";
  AppendColumns(lines, &text);
  EXPECT_EQ(text,
            "before\n"
            "#\t0x1\t\tmain+0x1\ta.cc:1\n"
            "#\t0x123456789\tf\t\tb.cc:2\n");
}

TEST(MemoryStats, HasGosLines) {
  const std::string text = MemoryStats();
  for (const char* line :
       {"# Alloc = ", "# Sys = ", "# HeapInuse = ", "# Stack = ", "# BuckHashSys = 1000\n",
        "# OtherSys = 4235\n", "# PauseNs = [0 0", "# DebugGC = false\n",
        "# MaxRSS = ", "# Threads = ", "# Allocator = "}) {
    EXPECT_NE(text.find(line), std::string::npos) << line;
  }
}

}  // namespace
}  // namespace pprofagent::service
