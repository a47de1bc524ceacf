// SPDX-License-Identifier: Apache-2.0
#include "agent/service/endpoints/control_pages.h"

#include <gtest/gtest.h>

#include "agent/service/control/verbs.h"
#include "agent/service/options/environment.h"
#include "tests/unit/agent/service/support/fake_hot.h"
#include "tests/unit/agent/service/support/scratch_directory.h"

namespace pprofagent::service {
namespace {

class ControlPageTest : public testing::Test {
 protected:
  void SetUp() override {
    fake_hot::Reset();
    options_.log_level = LogLevel::kOff;
    options_.dir = scratch_ / "dumps";
  }

  Response Ask(const std::string& method, const std::string& verb, const std::string& body = "",
               bool is_local = true) {
    Request request;
    request.method = method;
    request.body = body;
    request.host = "localhost";
    return ControlPage(verb, request, {.is_local = is_local, .reached_host = "127.0.0.1"},
                       &controller_);
  }

  test::ScratchDirectory scratch_;
  Options options_ = DefaultOptions();
  Controller controller_{options_, "fp", {}};
};

TEST_F(ControlPageTest, ShowsWhatThereIs) {
  const Response response = Ask("GET", "");
  EXPECT_EQ(response.status, 200);
  for (const Verb& verb : VerbTable()) {
    EXPECT_NE(response.body.find("/control/" + std::string(verb.name)), std::string::npos);
  }
}

TEST_F(ControlPageTest, ReadsByGetAndChangesByPost) {
  EXPECT_EQ(Ask("GET", "status").status, 200);
  EXPECT_EQ(Ask("POST", "status").status, 405);
  EXPECT_EQ(Ask("GET", "dump").status, 405);
  EXPECT_EQ(Ask("GET", "nothing").status, 404);
  const Response dumped = Ask("POST", "dump", " heap\r\nallocs ");
  EXPECT_EQ(dumped.status, 200) << dumped.body;
  EXPECT_EQ(test::Names(scratch_ / "dumps").size(), 2u);
  EXPECT_NE(dumped.body.find(".heap.pb.gz\n"), std::string::npos) << dumped.body;
  const Response failed = Ask("POST", "dump", "heaps");
  EXPECT_EQ(failed.status, 400);
  EXPECT_NE(failed.body.find("\"heaps\" is not a profile"), std::string::npos) << failed.body;
}

TEST_F(ControlPageTest, ChangesByTcpMustBeAskedFor) {
  EXPECT_EQ(Ask("POST", "reset", "", false).status, 403);
  EXPECT_EQ(Ask("GET", "status", "", false).status, 200);
  options_.http_control = true;
  EXPECT_EQ(Ask("POST", "reset", "", false).status, 200);
}

TEST_F(ControlPageTest, SetsWhatCanBeSet) {
  const Response set = Ask("PUT", "set", "KEEP=3 PPROFAGENT_CPU_RATE=250");
  EXPECT_EQ(set.body, "PPROFAGENT_KEEP=3\nPPROFAGENT_CPU_RATE=250\n");
  EXPECT_EQ(options_.keep, 3);
  EXPECT_EQ(options_.cpu_rate, 250);
  EXPECT_NE(Ask("GET", "options").body.find("PPROFAGENT_KEEP=3\n"), std::string::npos);
  EXPECT_EQ(Ask("POST", "cpu-start").status, 200);
  EXPECT_EQ(fake_hot::CpuRate(), 250);
  const auto refused = [this](const std::string& body, const std::string& why) {
    const Response response = Ask("POST", "set", body);
    EXPECT_EQ(response.status, 400);
    EXPECT_NE(response.body.find(why), std::string::npos) << response.body;
  };
  refused("KEEP=0", "PPROFAGENT_KEEP=\"0\" is not a number from 1");
  refused("KEPT=1", "did you mean PPROFAGENT_KEEP?");
  refused("HTTP=:1", "can only be set in the environment");
  refused("KEEP", "is not NAME=VALUE");
  refused("", "NAME=VALUE");
  EXPECT_EQ(options_.keep, 3);
}

TEST_F(ControlPageTest, ALineNeedsNoMethod) {
  EXPECT_EQ(Ask("LINE", "set", "KEEP=5").body, "PPROFAGENT_KEEP=5\n");
  EXPECT_EQ(Ask("LINE", "status").status, 200);
  const std::string help = Ask("LINE", "help").body;
  EXPECT_TRUE(help.starts_with("dump  [KIND...]\n     ")) << help;
  EXPECT_EQ(Ask("GET", "help").body, Ask("GET", "").body);
}

TEST_F(ControlPageTest, AMistypedVerbIsAnsweredWithTheNearest) {
  EXPECT_EQ(Ask("LINE", "stauts").body, "there is no verb \"stauts\"; did you mean status?\n");
  EXPECT_EQ(Ask("GET", "dance").body, "there is no verb \"dance\"; help shows which there are\n");
}

TEST_F(ControlPageTest, ResetCountsFromNow) {
  const hot::StackView stack = fake_hot::Stack({0x10});
  fake_hot::AddHeapSample({stack, 8, 5, 40, 2, 16});
  EXPECT_EQ(Ask("POST", "reset").status, 200);
  Recording now = controller_.Read(SpecOf(Kind::kHeap));
  ASSERT_EQ(now.samples.size(), 1u);
  EXPECT_EQ(now.samples[0].values, (std::array<int64_t, 4>{0, 0, 2, 16})) << "still in use";
  fake_hot::AddHeapSample({stack, 8, 3, 24, 1, 8});
  now = controller_.Read(SpecOf(Kind::kHeap));
  ASSERT_EQ(now.samples.size(), 1u);
  EXPECT_EQ(now.samples[0].values, (std::array<int64_t, 4>{3, 24, 3, 24}));
}

TEST_F(ControlPageTest, StatusTellsWhatIsGoingOn) {
  hot::Drops drops = {};
  drops.stack_table_full = 7;
  fake_hot::SetDrops(drops);
  ASSERT_EQ(Ask("POST", "cpu-start").status, 200);
  const std::string text = Ask("GET", "status").body;
  for (const char* line :
       {"version: ", "uptime: ", "heap rate: 524288\n", "cpu profile: on request\n",
        "stacks of heap: 0\n", "dropped, stack table full: 7\n", "memory of stacks: 1000\n",
        "memory of the unwinder: 4000\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  }
}

}  // namespace
}  // namespace pprofagent::service
