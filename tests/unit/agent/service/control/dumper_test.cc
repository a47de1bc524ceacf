// SPDX-License-Identifier: Apache-2.0
#include "agent/service/control/dumper.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "agent/service/base/descriptor.h"
#include "agent/service/log/log.h"
#include "agent/service/options/environment.h"
#include "tests/unit/agent/service/support/profile_reader.h"
#include "tests/unit/agent/service/support/scratch_directory.h"

namespace pprofagent::service {
namespace {

class DumperTest : public testing::Test {
 protected:
  void SetUp() override {
    options_ = DefaultOptions();
    options_.dir = scratch_ / "dumps";
    options_.log = scratch_ / "log";
    ConfigureLog(options_);
  }

  Dumper::Item Item(Kind kind) const {
    return {&SpecOf(kind), [](ByteStream* stream) { return stream->Write("x"); }};
  }
  Status Dump(const std::vector<Dumper::Item>& items) {
    written_.clear();
    return dumper_.Dump(items, &written_);
  }
  std::string Name(const std::string& rest) const {
    return "agent_service_control_test." + std::to_string(getpid()) + "." + rest + ".pb.gz";
  }
  size_t LoggedLines() const {
    const std::string log = test::Contents(scratch_ / "log");
    return static_cast<size_t>(std::count(log.begin(), log.end(), '\n'));
  }

  test::ScratchDirectory scratch_;
  static inline Options options_;
  Dumper dumper_{options_};
  std::vector<std::string> written_;
};

TEST_F(DumperTest, GivesTheFilesOfADumpOneNumber) {
  ASSERT_TRUE(Dump({Item(Kind::kHeap), Item(Kind::kCpu)}).ok());
  ASSERT_TRUE(Dump({Item(Kind::kHeap)}).ok());
  EXPECT_EQ(written_, std::vector<std::string>{options_.dir + "/" + Name("0001.heap")});
  EXPECT_EQ(test::Names(options_.dir),
            (std::vector<std::string>{Name("0000.cpu"), Name("0000.heap"), Name("0001.heap")}));
}

TEST_F(DumperTest, OpensNothingWhereItMayNot) {
  Status status;
  std::thread([this, &status] {
    ForbidDescriptors();
    status = Dump({Item(Kind::kHeap)});
  }).join();
  EXPECT_EQ(status.text(), "cannot write dumps: " + std::string(kNoDescriptors));
  EXPECT_EQ(dumper_.failures(), 1u);
  EXPECT_TRUE(test::Names(scratch_.path()).empty());
}

TEST_F(DumperTest, DoesNotCountAgainWhenFilesAreTakenAway) {
  ASSERT_TRUE(Dump({Item(Kind::kHeap)}).ok());
  ASSERT_EQ(unlink(written_.at(0).c_str()), 0);
  ASSERT_TRUE(Dump({Item(Kind::kHeap)}).ok());
  EXPECT_EQ(test::Names(options_.dir), std::vector<std::string>{Name("0001.heap")});
}

TEST_F(DumperTest, KeepsTheNewest) {
  options_.keep = 2;
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(Dump({Item(Kind::kHeap)}).ok());
  EXPECT_EQ(test::Names(options_.dir),
            (std::vector<std::string>{Name("0002.heap"), Name("0003.heap")}));
}

TEST_F(DumperTest, WritesWhatItCan) {
  const Dumper::Item bad = {&SpecOf(Kind::kCpu), [](ByteStream*) { return Status::Error("no"); }};
  EXPECT_EQ(Dump({bad, Item(Kind::kHeap)}).text(), "no");
  EXPECT_EQ(test::Names(options_.dir), std::vector<std::string>{Name("0000.heap")});
}

TEST_F(DumperTest, LogsTheFirstFailureCountsAllAndTriesAgain) {
  test::WriteFile(options_.dir, "in the way");
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(Dump({Item(Kind::kHeap)}).ok());
  EXPECT_EQ(dumper_.failures(), 3u);
  EXPECT_EQ(LoggedLines(), 1u) << test::Contents(scratch_ / "log");
  ASSERT_EQ(unlink(options_.dir.c_str()), 0);
  EXPECT_TRUE(Dump({Item(Kind::kHeap)}).ok());
  EXPECT_EQ(dumper_.failures(), 3u);
  EXPECT_NE(test::Contents(scratch_ / "log").find("dumps succeed again, 3 were lost"),
            std::string::npos);
  EXPECT_EQ(LoggedLines(), 2u);
}

}  // namespace
}  // namespace pprofagent::service
