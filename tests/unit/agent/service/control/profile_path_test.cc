// SPDX-License-Identifier: Apache-2.0
#include "agent/service/control/profile_path.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "agent/service/base/clock.h"
#include "agent/service/options/environment.h"
#include "tests/unit/agent/service/support/scratch_directory.h"

namespace pprofagent::service {
namespace {

class ProfilePathTest : public testing::Test {
 protected:
  NamedFile Path(const std::string& value) const {
    return ProfilePath(options_, "CPUPROFILE", value, origin_);
  }
  std::string Pid() const { return std::to_string(getpid()); }

  test::ScratchDirectory scratch_;
  Options options_ = DefaultOptions();
  ProcessOrigin origin_{.is_fork_child = false, .load_wall_ns = WallClock()};
};

TEST_F(ProfilePathTest, IsTheNameGiven) {
  EXPECT_EQ(Path(scratch_ / "cpu.pb.gz").path, scratch_ / "cpu.pb.gz");
  EXPECT_FALSE(Path(scratch_ / "cpu.pb.gz").make_directory);
}

TEST_F(ProfilePathTest, IsBelowTheOutputDirectory) {
  options_.outputdir = scratch_ / "out-%u";
  const std::string out = scratch_ / "out-" + std::to_string(geteuid());
  EXPECT_EQ(Path("cpu.pb.gz").path, out + "/cpu.pb.gz");
  EXPECT_TRUE(Path("cpu.pb.gz").make_directory);
  EXPECT_EQ(Path("/cpu.pb.gz").path, "/cpu.pb.gz");
  EXPECT_FALSE(Path("/cpu.pb.gz").make_directory);
}

TEST_F(ProfilePathTest, NamesAForkedChild) {
  origin_.is_fork_child = true;
  EXPECT_EQ(Path(scratch_ / "cpu.pb.gz").path, scratch_ / ("cpu." + Pid() + ".pb.gz"));
  EXPECT_EQ(Path(scratch_ / "cpu.%p.pb.gz").path, scratch_ / ("cpu." + Pid() + ".pb.gz"));
}

TEST_F(ProfilePathTest, ReplacesTheFileOfAnEarlierRunOnly) {
  test::WriteFile(scratch_ / "cpu", "");
  origin_.load_wall_ns = ModificationTime(scratch_ / "cpu") + 1;
  EXPECT_EQ(Path(scratch_ / "cpu").path, scratch_ / "cpu");
  origin_.load_wall_ns = ModificationTime(scratch_ / "cpu");
  EXPECT_EQ(Path(scratch_ / "cpu").path, scratch_ / ("cpu." + Pid()));
}

TEST(HasEntry, ComparesWholeEntries) {
  const std::string block("A=1\0PPROFAGENT_CPUPROFILE=x\0B=2\0", 33);
  EXPECT_TRUE(HasEntry(block, "PPROFAGENT_CPUPROFILE=x"));
  EXPECT_FALSE(HasEntry(block, "PPROFAGENT_CPUPROFILE=xy"));
  EXPECT_FALSE(HasEntry(block, "PPROFAGENT_CPUPROFILE="));
  EXPECT_TRUE(HasEntry(block, "B=2"));
  EXPECT_FALSE(HasEntry("", "A=1"));
}

}  // namespace
}  // namespace pprofagent::service
