// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/unit/tools/fetch/fetch_fixture.h"
#include "tools/fetch/fetch.h"
#include "tools/fetch/parse.h"

namespace cpprof::fetch {
namespace {

class SaveTest : public FetchFixture {
 protected:
  std::string Save(const std::string& file) {
    CollectedNotices notices;
    SaveCopy(*ParseProfile(ProfileBytes("f", 1, file)), &notices);
    return notices.lines().empty() ? "" : notices.lines().back();
  }
};

TEST_F(SaveTest, NumbersGoUp) {
  EXPECT_EQ(Save("/bin/app"), "Saved profile in " + Path("saved/pprof.app.samples.001.pb.gz"));
  EXPECT_EQ(Save("/bin/app"), "Saved profile in " + Path("saved/pprof.app.samples.002.pb.gz"));
  EXPECT_EQ(Save(""), "Saved profile in " + Path("saved/pprof.samples.001.pb.gz"));
  EXPECT_TRUE(ParseProfile(Read(Path("saved/pprof.app.samples.002.pb.gz"))).ok());
}

TEST_F(SaveTest, HomeIfNothingElseIsSaid) {
  SetVariable("PPROF_TMPDIR", "");
  EXPECT_EQ(Save("x"), "Saved profile in " + Path("home/pprof/pprof.x.samples.001.pb.gz"));
}

TEST_F(SaveTest, APlaceThatCannotBeMadeIsSkipped) {
  Write("file", "");
  SetVariable("PPROF_TMPDIR", Path("file/below"));
  EXPECT_EQ(Save("x"), "Saved profile in " + Path("home/pprof/pprof.x.samples.001.pb.gz"));
}

}  // namespace
}  // namespace cpprof::fetch
