// SPDX-License-Identifier: Apache-2.0
#include "agent/service/control/verbs.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "agent/service/base/clock.h"
#include "agent/service/base/descriptor.h"
#include "agent/service/log/log.h"
#include "agent/service/options/environment.h"
#include "tests/unit/agent/service/support/fake_hot.h"
#include "tests/unit/agent/service/support/scratch_directory.h"

namespace pprofagent::service {
namespace {

class VerbsTest : public testing::Test {
 protected:
  void SetUp() override {
    fake_hot::Reset();
    options_ = DefaultOptions();
    options_.dir = scratch_ / "dumps";
    options_.log = scratch_ / "log";
    ConfigureLog(options_);
    controller_.emplace(options_, "fp", ProcessOrigin{false, WallClock()});
    controller_->Begin();
  }

  Status Run(std::string_view name, const std::vector<std::string>& arguments) {
    return RunVerb(*controller_, name, arguments).status;
  }
  size_t DumpCount() const { return test::Names(options_.dir).size(); }

  test::ScratchDirectory scratch_;
  static inline Options options_;
  std::optional<Controller> controller_;
};

TEST_F(VerbsTest, Dump) {
  EXPECT_TRUE(Run("dump", {}).ok());
  EXPECT_EQ(DumpCount(), 1u);
  EXPECT_TRUE(Run("dump", {"heap", "allocs"}).ok());
  EXPECT_EQ(DumpCount(), 3u);
  EXPECT_FALSE(Run("dump", {"haep"}).ok());
  EXPECT_EQ(DumpCount(), 3u);
}

TEST_F(VerbsTest, Wall) {
  for (const std::vector<std::string>& wrong : {std::vector<std::string>{},
                                                {"0"},
                                                {"-1"},
                                                {"soon"},
                                                {"1", "0"},
                                                {"1", "1001"},
                                                {"1", "2", "3"}}) {
    EXPECT_TRUE(Run("wall", wrong).text().starts_with("wall takes a number of seconds"));
  }
  EXPECT_FALSE(controller_->HasExitWork());
  EXPECT_TRUE(Run("wall", {"1", "50"}).ok());
  EXPECT_EQ(Run("wall", {"1"}).text(), "wall clock profiling already in use");
  EXPECT_FALSE(controller_->BeginClientWall(100).ok());
  EXPECT_FALSE(controller_->EndClientWall()) << "it is no client's";
  EXPECT_TRUE(controller_->HasExitWork());
  EXPECT_TRUE(controller_->NextDue());
  controller_->RunDue(MonotonicClock());
  EXPECT_EQ(DumpCount(), 0u);
  controller_->RunDue(MonotonicClock() + 1'000'000'000);
  EXPECT_EQ(DumpCount(), 1u);
  EXPECT_FALSE(controller_->NextDue());
  EXPECT_TRUE(Run("dump", {"wall"}).text().starts_with("\"wall\" is recorded for a length"));
}

TEST_F(VerbsTest, CpuStartAndStop) {
  EXPECT_FALSE(Run("cpu-start", {"soon"}).ok());
  EXPECT_FALSE(Run("cpu-start", {"-1"}).ok());
  EXPECT_FALSE(Run("cpu-start", {"99999999999"}).ok());
  EXPECT_FALSE(Run("cpu-start", {"1", "2"}).ok());
  EXPECT_FALSE(controller_->IsCpuRequested());
  EXPECT_TRUE(Run("cpu-start", {"30"}).ok());
  EXPECT_FALSE(Run("cpu-start", {}).ok()) << "it runs already";
  EXPECT_FALSE(Run("cpu-stop", {"now"}).ok());
  EXPECT_TRUE(Run("cpu-stop", {}).ok());
  EXPECT_FALSE(Run("cpu-stop", {}).ok());
  EXPECT_EQ(DumpCount(), 1u);
}

TEST_F(VerbsTest, UnknownOnesAreRefused) {
  EXPECT_EQ(Run("dance", {}).text(), "there is no verb \"dance\"");
}

TEST_F(VerbsTest, TheTableExplainsItself) {
  for (const Verb& verb : VerbTable()) {
    EXPECT_FALSE(verb.name.empty());
    EXPECT_FALSE(verb.help.empty()) << verb.name;
  }
}

TEST_F(VerbsTest, RequestsOfSignals) {
  RunRequests(*controller_, hot::kRequestDump, 0);
  EXPECT_EQ(DumpCount(), 1u);
  RunRequests(*controller_, hot::kRequestToggleCpu, 0);
  EXPECT_TRUE(controller_->IsCpuRequested());
  EXPECT_FALSE(controller_->NextDue().has_value());
  RunRequests(*controller_, hot::kRequestToggleCpu | hot::kRequestDump, 7);
  EXPECT_FALSE(controller_->IsCpuRequested());
  EXPECT_EQ(DumpCount(), 3u);
  RunRequests(*controller_, hot::kRequestToggleCpu, 7);
  EXPECT_TRUE(controller_->NextDue().has_value()) << "ends by itself after 7 seconds";
  RunRequests(*controller_, 0, 0);
  EXPECT_EQ(DumpCount(), 3u);
}

TEST_F(VerbsTest, AToggleThatFailsIsLogged) {
  fake_hot::SetCpuStart(hot::CpuStart::kNoSignal);
  RunRequests(*controller_, hot::kRequestToggleCpu, 0);
  EXPECT_NE(test::Contents(scratch_ / "log").find("real-time signal"), std::string::npos);
}

TEST_F(VerbsTest, StatusTellsThatNothingMayBeOpened) {
  const auto tells = [this] {
    const Reply reply = RunVerb(*controller_, "status", {});
    return std::count(reply.lines.begin(), reply.lines.end(),
                      "cannot write or listen: " + std::string(kNoDescriptors));
  };
  EXPECT_EQ(tells(), 0);
  std::thread([&tells] {
    ForbidDescriptors();
    EXPECT_EQ(tells(), 1);
  }).join();
}

}  // namespace
}  // namespace pprofagent::service
