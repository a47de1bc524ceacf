// SPDX-License-Identifier: Apache-2.0
#include "agent/service/control/controller.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/service/base/clock.h"
#include "agent/service/log/log.h"
#include "agent/service/options/environment.h"
#include "tests/unit/agent/service/support/fake_hot.h"
#include "tests/unit/agent/service/support/profile_reader.h"
#include "tests/unit/agent/service/support/scratch_directory.h"

namespace pprofagent::service {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

class ControllerTest : public testing::Test {
 protected:
  void SetUp() override {
    fake_hot::Reset();
    options_ = DefaultOptions();
    options_.dir = scratch_ / "dumps";
    options_.log = scratch_ / "log";
    ConfigureLog(options_);
  }

  Controller Make(bool is_fork_child = false) {
    return Controller(options_, "fp", {is_fork_child, WallClock()});
  }
  std::string Name(const std::string& rest) const {
    return "agent_service_control_test." + std::to_string(getpid()) + "." + rest + ".pb.gz";
  }
  std::vector<std::string> Dumps() const { return test::Names(options_.dir); }
  std::string Log() const { return test::Contents(scratch_ / "log"); }

  test::ScratchDirectory scratch_;
  static inline Options options_;
};

TEST_F(ControllerTest, DumpsHeapProfiles) {
  Controller controller = Make();
  controller.Begin();
  fake_hot::AddHeapSample({fake_hot::Stack({0x10}), 8, 1, 8, 1, 8});
  const Reply reply = controller.Dump(controller.signal_kinds());
  ASSERT_TRUE(reply.status.ok()) << reply.status.text();
  ASSERT_EQ(reply.lines.size(), 1u);
  EXPECT_EQ(test::DecodeFile(reply.lines[0]).sample_size(), 1);
  EXPECT_EQ(Dumps(), std::vector<std::string>{Name("0000.heap")});
}

TEST_F(ControllerTest, DumpsCpuOnlyWhileAProfileRuns) {
  options_.signal_profiles = {"cpu", "heap"};
  Controller controller = Make();
  controller.Begin();
  Reply reply = controller.Dump(controller.signal_kinds());
  EXPECT_EQ(reply.status.text(), "cannot dump a CPU profile: none is running");
  EXPECT_EQ(Dumps(), std::vector<std::string>{Name("0000.heap")});
  ASSERT_TRUE(controller.StartCpu(0).status.ok());
  fake_hot::AddCpuSample(fake_hot::Stack({0x10}), 4, 40);
  reply = controller.Dump(controller.signal_kinds());
  ASSERT_TRUE(reply.status.ok()) << reply.status.text();
  EXPECT_EQ(test::DecodeFile(options_.dir + "/" + Name("0001.cpu")).sample(0).value(0), 4);
  EXPECT_TRUE(controller.IsCpuRequested()) << "it goes on";
}

TEST_F(ControllerTest, StopsAndDumpsACpuProfile) {
  Controller controller = Make();
  controller.Begin();
  EXPECT_FALSE(controller.StopCpu().status.ok());
  ASSERT_TRUE(controller.StartCpu(0).status.ok());
  EXPECT_TRUE(controller.NeedsHelper());
  EXPECT_FALSE(controller.NextDue().has_value());
  EXPECT_FALSE(controller.StartCpu(0).status.ok());
  fake_hot::AddCpuSample(fake_hot::Stack({0x10}), 4, 40);
  const Reply reply = controller.StopCpu();
  ASSERT_TRUE(reply.status.ok()) << reply.status.text();
  EXPECT_EQ(test::DecodeFile(reply.lines.at(0)).sample(0).value(1), 40);
  EXPECT_FALSE(hot::CpuRunning());
  EXPECT_FALSE(controller.NeedsHelper());
}

TEST_F(ControllerTest, EndsACpuProfileAfterItsSeconds) {
  Controller controller = Make();
  controller.Begin();
  ASSERT_TRUE(controller.StartCpu(5).status.ok());
  const int64_t due = controller.NextDue().value();
  EXPECT_NEAR(static_cast<double>(due - MonotonicClock()), 5.0 * kSecond, 2.0 * kSecond);
  controller.RunDue(due - 1);
  EXPECT_TRUE(controller.IsCpuRequested());
  controller.RunDue(due);
  EXPECT_FALSE(controller.IsCpuRequested());
  EXPECT_EQ(Dumps(), std::vector<std::string>{Name("0000.cpu")});
}

TEST_F(ControllerTest, DumpsAtIntervalsAndSkipsThoseMissed) {
  options_.interval_ns = 10 * kSecond;
  Controller controller = Make();
  controller.Begin();
  EXPECT_TRUE(controller.NeedsHelper());
  const int64_t first = controller.NextDue().value();
  controller.RunDue(first);
  EXPECT_EQ(controller.NextDue().value(), first + 10 * kSecond);
  controller.RunDue(first + 47 * kSecond);
  EXPECT_EQ(controller.NextDue().value(), first + 50 * kSecond);
  EXPECT_EQ(Dumps(), (std::vector<std::string>{Name("0000.heap"), Name("0001.heap")}));
}

TEST_F(ControllerTest, DumpsTheExitProfilesAtIntervals) {
  options_.interval_ns = 10 * kSecond;
  options_.exit_profiles = {"allocs", "cpu"};
  Controller controller = Make();
  controller.Begin();
  EXPECT_TRUE(hot::CpuRunning()) << "cpu at exit means from the start";
  controller.RunDue(controller.NextDue().value());
  EXPECT_EQ(Dumps(), (std::vector<std::string>{Name("0000.allocs"), Name("0000.cpu")}));
}

TEST_F(ControllerTest, WritesFilesAtExit) {
  options_.cpuprofile = scratch_ / "cpu.pb.gz";
  options_.memprofile = scratch_ / "mem.pb.gz";
  options_.exit_profiles = {"heap"};
  Controller controller = Make();
  controller.Begin();
  EXPECT_TRUE(controller.HasExitWork());
  fake_hot::AddCpuSample(fake_hot::Stack({0x10}), 4, 40);
  fake_hot::AddHeapSample({fake_hot::Stack({0x10}), 8, 1, 8, 1, 8});
  controller.WriteAtExit();
  EXPECT_FALSE(hot::CpuRunning());
  EXPECT_EQ(test::DecodeFile(options_.cpuprofile).sample(0).value(0), 4);
  const auto mem = test::DecodeFile(options_.memprofile);
  EXPECT_EQ(test::Text(mem, mem.default_sample_type()), "alloc_space");
  EXPECT_EQ(Dumps(), std::vector<std::string>{Name("0000.heap")});
}

TEST_F(ControllerTest, HasNothingDueOnceTheExitFilesAreWritten) {
  options_.interval_ns = 10 * kSecond;
  options_.exit_profiles = {"heap"};
  options_.memtrace_ns = kSecond;
  Controller controller = Make();
  controller.Begin();
  ASSERT_TRUE(controller.StartWall(5, 100).status.ok());
  ASSERT_TRUE(controller.BeginClientCpu().ok());
  controller.WriteAtExit();
  const std::vector<std::string> written = Dumps();
  EXPECT_FALSE(controller.NextDue().has_value());
  EXPECT_FALSE(controller.NeedsHelper());
  controller.RunDue(MonotonicClock() + 100 * kSecond);
  EXPECT_EQ(Dumps(), written);
}

TEST_F(ControllerTest, HasNothingToDoAtExitByDefault) {
  Controller controller = Make();
  controller.Begin();
  EXPECT_FALSE(controller.HasExitWork());
  EXPECT_FALSE(controller.NeedsHelper());
  EXPECT_FALSE(hot::CpuRunning());
  EXPECT_TRUE(test::Names(scratch_.path()).empty());
}

TEST_F(ControllerTest, SavesARequestedCpuProfileAtExit) {
  Controller controller = Make();
  controller.Begin();
  ASSERT_TRUE(controller.StartCpu(100).status.ok());
  EXPECT_TRUE(controller.HasExitWork());
  controller.WriteAtExit();
  EXPECT_EQ(Dumps(), std::vector<std::string>{Name("0000.cpu")});
}

TEST_F(ControllerTest, LogsAFailingExitFile) {
  options_.memprofile = scratch_ / "missing/mem.pb.gz";
  Controller controller = Make();
  controller.Begin();
  controller.WriteAtExit();
  EXPECT_NE(Log().find("cannot open the directory"), std::string::npos) << Log();
}

TEST_F(ControllerTest, GivesAForkedChildItsOwnCpuProfile) {
  options_.cpuprofile = scratch_ / "cpu.pb.gz";
  fake_hot::AddCpuSample(fake_hot::Stack({0x10}), 4, 40);  // the parent's
  Controller controller = Make(true);
  controller.Begin();
  fake_hot::AddCpuSample(fake_hot::Stack({0x20}), 1, 10);
  controller.WriteAtExit();
  const std::string own = scratch_ / ("cpu." + std::to_string(getpid()) + ".pb.gz");
  const auto profile = test::DecodeFile(own);
  ASSERT_EQ(profile.sample_size(), 1);
  EXPECT_EQ(profile.sample(0).value(0), 1);
  EXPECT_EQ(test::Names(scratch_.path()),
            std::vector<std::string>{"cpu." + std::to_string(getpid()) + ".pb.gz"});
}

TEST_F(ControllerTest, StopsAnInheritedCpuProfileInAForkedChild) {
  ASSERT_EQ(hot::StartCpu(100), hot::CpuStart::kOk);
  Controller controller = Make(true);
  controller.Begin();
  EXPECT_FALSE(hot::CpuRunning());
}

TEST_F(ControllerTest, LogsUnknownKindsAndTakesTheDefault) {
  options_.signal_profiles = {"haep"};
  options_.exit_profiles = {"nothing"};
  Controller controller = Make();
  ASSERT_EQ(controller.signal_kinds().size(), 1u);
  EXPECT_EQ(controller.signal_kinds()[0]->kind, Kind::kHeap);
  EXPECT_FALSE(controller.HasExitWork());
  EXPECT_NE(Log().find("PPROFAGENT_SIGNAL_PROFILES: \"haep\" is not a profile; there are " +
                       KindNames() + "; using heap"),
            std::string::npos)
      << Log();
  EXPECT_NE(Log().find("PPROFAGENT_EXIT_PROFILES: \"nothing\" is not a profile"),
            std::string::npos);
}

TEST_F(ControllerTest, RunsWithoutACpuEngine) {
  options_.cpuprofile = scratch_ / "cpu.pb.gz";
  fake_hot::SetCpuStart(hot::CpuStart::kNoTimer);
  Controller controller = Make();
  controller.Begin();
  EXPECT_NE(Log().find("timer_create"), std::string::npos);
  controller.WriteAtExit();
  EXPECT_EQ(test::Names(scratch_.path()), std::vector<std::string>{"log"});
}

}  // namespace
}  // namespace pprofagent::service
