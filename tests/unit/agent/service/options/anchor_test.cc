// SPDX-License-Identifier: Apache-2.0
#include "agent/service/options/anchor.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/service/options/environment.h"
#include "agent/service/options/expand.h"
#include "tests/unit/agent/service/support/scratch_directory.h"

namespace pprofagent::service {
namespace {

class AnchorPathsTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_NE(getcwd(before_, sizeof(before_)), nullptr);
    ASSERT_EQ(chdir(scratch_.path().c_str()), 0);
  }
  void TearDown() override { ASSERT_EQ(chdir(before_), 0); }

  test::ScratchDirectory scratch_;
  char before_[4096];
};

TEST_F(AnchorPathsTest, MakesRelativePathsAbsolute) {
  Options options = DefaultOptions();
  options.dir = "dumps";
  options.cpuprofile = "cpu.pb.gz";
  options.memprofile = "/elsewhere/mem.pb.gz";
  options.log = "agent.log";
  AnchorPaths(&options);
  EXPECT_EQ(options.dir, scratch_ / "dumps");
  EXPECT_EQ(options.cpuprofile, scratch_ / "cpu.pb.gz");
  EXPECT_EQ(options.memprofile, "/elsewhere/mem.pb.gz");
  EXPECT_EQ(options.log, scratch_ / "agent.log");
}

TEST_F(AnchorPathsTest, LeavesFilesToTheOutputDirectory) {
  Options options = DefaultOptions();
  options.outputdir = "out";
  options.cpuprofile = "cpu.pb.gz";
  AnchorPaths(&options);
  EXPECT_EQ(options.outputdir, scratch_ / "out");
  EXPECT_EQ(options.cpuprofile, "cpu.pb.gz");
}

TEST_F(AnchorPathsTest, LeavesDefaultsAndOffAlone) {
  Options options = DefaultOptions();
  AnchorPaths(&options);
  EXPECT_EQ(options.dir, DefaultOptions().dir);
  EXPECT_EQ(options.log, DefaultOptions().log);
  EXPECT_EQ(options.cpuprofile, "");
  options.log = "stderr";
  AnchorPaths(&options);
  EXPECT_EQ(options.log, "stderr");
}

TEST_F(AnchorPathsTest, DoesNotExpandTheDirectorysOwnPercentSigns) {
  ASSERT_EQ(mkdir("50%p", 0700), 0);
  ASSERT_EQ(chdir("50%p"), 0);
  Options options = DefaultOptions();
  options.dir = "dumps";
  AnchorPaths(&options);
  EXPECT_EQ(Expand(options.dir), scratch_ / "50%p/dumps");
}

}  // namespace
}  // namespace pprofagent::service
