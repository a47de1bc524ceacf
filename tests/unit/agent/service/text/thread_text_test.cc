// SPDX-License-Identifier: Apache-2.0
#include "agent/service/text/thread_text.h"

#include <gtest/gtest.h>
#include <string.h>

#include "tests/unit/agent/service/support/fake_hot.h"

namespace pprofagent::service {
namespace {

using hot::ThreadActivity;
using hot::ThreadSample;
using hot::WaitKind;

ThreadEntry Thread(int32_t tid, const char* name, const char* state, const hot::StackView& stack) {
  ThreadEntry entry;
  entry.sample = {};
  entry.sample.tid = tid;
  entry.sample.state = ThreadActivity::kBlocked;
  entry.sample.complete = true;
  strncpy(entry.sample.name, name, sizeof(entry.sample.name) - 1);
  entry.sample.stack = stack;
  entry.sample.waited_ns = -1;
  entry.state = state;
  return entry;
}

// Two threads at one stack, one of them made by the other, and two that wait for
// each other. The addresses lie in no mapping, so that their names are known.
class ThreadTextTest : public testing::Test {
 protected:
  ThreadTextTest() {
    const hot::StackView pool = fake_hot::Stack({0x10, 0x20});
    list_.complete = true;
    list_.threads = {Thread(100, "main", "sleep", pool), Thread(101, "w \"1\"", "sleep", pool),
                     Thread(102, "a", "mutex wait", fake_hot::Stack({0x30})),
                     Thread(103, "b", "mutex wait", fake_hot::Stack({0x40}))};
    list_.threads[1].sample.created_by = fake_hot::Stack({0x50, 0x60});
    list_.threads[1].sample.creator_tid = 100;
    list_.threads[1].sample.waited_ns = 6 * 60'000'000'000;
    for (const int i : {2, 3}) {
      list_.threads[i].sample.wait = WaitKind::kMutex;
      list_.threads[i].sample.object = 0xabc0u + static_cast<uintptr_t>(i);
      list_.threads[i].sample.owner = 105 - i;
      list_.threads[i].sample.waited_ns = 2'500'000'000;
    }
  }

  ThreadReport Report() const { return {list_, symbols_, mappings_, deadlocks_}; }

  ThreadList list_;
  Symbols symbols_;
  Mappings mappings_ = Mappings::OfThisProcess();
  std::vector<std::vector<size_t>> deadlocks_ = {{2, 3}};
};

std::string BeforeMappings(const std::string& text) {
  const size_t end = text.find("--- Memory map: ---");
  EXPECT_NE(end, std::string::npos);
  EXPECT_NE(text.find(" r-xp /", end), std::string::npos);
  return text.substr(0, end);
}

TEST_F(ThreadTextTest, GroupsThreadsOfOneStack) {
  EXPECT_EQ(BeforeMappings(GroupedThreads(Report(), "goroutine")),
            "goroutine profile: total 4\n"
            "# deadlock: 2 threads wait for each other\n"
            "#   thread 102 \"a\" waits for mutex 0xabc2 held by 103\n"
            "#   thread 103 \"b\" waits for mutex 0xabc3 held by 102\n"
            "2 @ 0x11 0x21\n"
            "# names: \"main\" x1, \"w \\\"1\\\"\" x1\n"
            "# state: 2 sleep\n"
            "#\t0x10\n#\t0x20\n\n"
            "1 @ 0x31\n"
            "# names: \"a\" x1\n# state: 1 mutex wait\n#\t0x30\n\n"
            "1 @ 0x41\n"
            "# names: \"b\" x1\n# state: 1 mutex wait\n#\t0x40\n\n");
}

TEST_F(ThreadTextTest, TellsOfEachThreadInFull) {
  list_.threads[0].sample.complete = false;
  EXPECT_EQ(FullThreads(Report()),
            "deadlock: 2 threads wait for each other\n"
            "  thread 102 \"a\" waits for mutex 0xabc2 held by 103\n"
            "  thread 103 \"b\" waits for mutex 0xabc3 held by 102\n\n"
            "thread 102 \"a\" [mutex wait, 2 seconds, 0xabc2 held by 103]:\n0x30\n\t?\n\n"
            "thread 103 \"b\" [mutex wait, 2 seconds, 0xabc3 held by 102]:\n0x40\n\t?\n\n"
            "thread 100 \"main\" [sleep]:\n0x10\n\t?\n0x20\n\t?\n"
            "(the rest of the stack could not be had)\n\n"
            "thread 101 \"w \\\"1\\\"\" [sleep, 6 minutes]:\n0x10\n\t?\n0x20\n\t?\n"
            "created by 0x50 in thread 100\n\t?\n\n");
}

TEST_F(ThreadTextTest, SpeaksGosGrammar) {
  deadlocks_.clear();
  list_.threads.resize(2);
  EXPECT_EQ(GoThreads(Report()),
            "goroutine 100 [sleep]:\n0x10(...)\n\t?:0 +0x0\n0x20(...)\n\t?:0 +0x0\n\n"
            "goroutine 101 [sleep, 6 minutes]:\n0x10(...)\n\t?:0 +0x0\n0x20(...)\n\t?:0 +0x0\n"
            "created by 0x50 in goroutine 100\n\t?:0 +0x0\n\n");
}

TEST_F(ThreadTextTest, EveryFormHasTheLabels) {
  fake_hot::AddLabels(3, {{"path", "/\n"}, {"user", "alice"}});
  deadlocks_.clear();
  list_.threads.resize(2);
  // As hot code keeps them: a stack for each set of labels.
  list_.threads[0].sample.stack = fake_hot::Stack({0x10});
  list_.threads[0].sample.stack.labels = 3;
  EXPECT_EQ(BeforeMappings(GroupedThreads(Report(), "threads")),
            "threads profile: total 2\n"
            "1 @ 0x11\n# labels: {\"path\":\"/\\x0a\", \"user\":\"alice\"}\n"
            "# names: \"main\" x1\n# state: 1 sleep\n#\t0x10\n\n"
            "1 @ 0x11 0x21\n# names: \"w \\\"1\\\"\" x1\n# state: 1 sleep\n#\t0x10\n#\t0x20\n\n");
  EXPECT_TRUE(
      FullThreads(Report()).starts_with("thread 100 \"main\" [sleep]:\n0x10\n\t?\n"
                                        "labels {\"path\":\"/\\x0a\", \"user\":\"alice\"}\n\n"));
  EXPECT_TRUE(GoThreads(Report()).starts_with(
      "goroutine 100 [sleep] {\"path\": \"/\\x0a\", \"user\": \"alice\"}:\n"));
}

TEST_F(ThreadTextTest, SpeaksThreadz) {
  list_.threads.resize(1);
  const std::string text = Threadz(Report());
  EXPECT_EQ(text.substr(0, text.find("--- Memory map")),
            "--- threadz 1 ---\n\n--- Thread 64 (name: main/100) stack: ---\n  0x10\n  0x21\n\n");
  EXPECT_NE(text.find("--- Memory map: ---\n0x"), std::string::npos);
}

}  // namespace
}  // namespace pprofagent::service
