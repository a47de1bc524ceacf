// SPDX-License-Identifier: Apache-2.0
#include "tools/fetch/locate.h"

#include <gtest/gtest.h>

#include "tests/unit/tools/fetch/fetch_fixture.h"
#include "tools/elf/file.h"

namespace cpprof::fetch {
namespace {

class LocateTest : public FetchFixture {
 protected:
  void SetUp() override {
    FetchFixture::SetUp();
    Write("p.c", "int main() { return 0; }");
    Run("gcc -Wl,--build-id -o " + Path("p") + " " + Path("p.c"));
    auto file = elf::File::Open(Path("p"));
    ASSERT_TRUE(file.ok()) << file.message();
    build_id_ = (*file)->build_id();
  }
  // A profile whose only mapping is /deploy/p, with this build id.
  profile::Profile With(const std::string& build_id) {
    profile::Profile profile;
    profile::Mapping mapping;
    mapping.limit = ~uint64_t{0};
    mapping.file = profile.Intern("/deploy/p");
    mapping.build_id = profile.Intern(build_id);
    profile.AddMapping(mapping);
    return profile;
  }
  std::string Located(const std::string& build_id, const std::string& executable = "") {
    profile::Profile profile = With(build_id);
    LocateBinaries({Path("binaries")}, executable, "", &profile, &notices_);
    return std::string(profile.Text(profile.mappings[0].file));
  }
  void Place(const std::string& name) {
    std::filesystem::create_directories(std::filesystem::path(Path(name)).parent_path());
    std::filesystem::copy_file(Path("p"), Path(name));
  }

  std::string build_id_;
  CollectedNotices notices_;
};

TEST_F(LocateTest, PlacesInTheOrderOfTrust) {
  EXPECT_EQ(Located(build_id_), "/deploy/p");
  for (const std::string& name :
       {std::string("binaries/usr/lib/debug/deploy/p.debug"),
        std::string("binaries/deploy/.debug/p.debug"), std::string("binaries/deploy/p.debug"),
        std::string("binaries/deploy/p"), std::string("binaries/p"),
        "binaries/" + build_id_.substr(0, 2) + "/" + build_id_.substr(2) + ".debug"}) {
    Place(name);
    EXPECT_EQ(Located(build_id_), Path(name));
  }
  Place("binaries/" + build_id_ + "/renamed");
  EXPECT_EQ(Located(build_id_), Path("binaries/" + build_id_ + "/renamed"));
  Place("binaries/" + build_id_ + "/p");
  EXPECT_EQ(Located(build_id_), Path("binaries/" + build_id_ + "/p"));
  EXPECT_TRUE(notices_.lines().empty());
}

TEST_F(LocateTest, AnotherBuildIsIgnoredAndSaid) {
  Place("binaries/p");
  EXPECT_EQ(Located("0123abcd"), "/deploy/p");
  ASSERT_EQ(notices_.lines().size(), 1u);
  EXPECT_EQ(notices_.lines()[0], "Ignoring local file " + Path("binaries/p") +
                                     ": build-id mismatch (0123abcd != " + build_id_ + ")");
  EXPECT_EQ(Located(""), Path("binaries/p"));
}

TEST_F(LocateTest, TheCommandLineOverrides) {
  EXPECT_EQ(Located("", "/my/program"), "/my/program");
  profile::Profile profile = With("");
  LocateBinaries({}, "", "beef", &profile, &notices_);
  EXPECT_EQ(profile.Text(profile.mappings[0].build_id), "beef");
  profile = With("abcd");
  LocateBinaries({}, "", "beef", &profile, &notices_);
  EXPECT_EQ(profile.Text(profile.mappings[0].build_id), "abcd");
}

TEST_F(LocateTest, WithoutMappingsAllLocationsGetAnEmptyOne) {
  profile::Profile profile;
  profile.AddLocation(1);
  profile.AddLocation(2);
  LocateBinaries({}, "", "", &profile, &notices_);
  ASSERT_EQ(profile.mappings.size(), 1u);
  EXPECT_EQ(profile.locations[1].mapping, 0u);
}

TEST_F(LocateTest, SearchPathComesFromTheEnvironment) {
  SetVariable("PPROF_BINARY_PATH", "/a:/b");
  EXPECT_EQ(BinarySearchPath(), (std::vector<std::string>{"/a", "/b"}));
  SetVariable("PPROF_BINARY_PATH", "");
  EXPECT_EQ(BinarySearchPath(), std::vector<std::string>{Path("home/pprof/binaries")});
}

}  // namespace
}  // namespace cpprof::fetch
