// SPDX-License-Identifier: Apache-2.0
#include "tools/fetch/fetch.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/tools/fetch/fetch_fixture.h"
#include "tests/unit/tools/fetch/test_server.h"

namespace cpprof::fetch {
namespace {

class FetchTest : public FetchFixture {
 protected:
  Result<Fetched> Get(std::vector<std::string> sources, std::vector<std::string> bases = {}) {
    options_.sources = std::move(sources);
    options_.bases = std::move(bases);
    return Fetch(options_, http_, &notices_);
  }
  static int64_t Total(const profile::Profile& profile) {
    int64_t total = 0;
    for (size_t row = 0; row < profile.samples.size(); ++row) {
      total += profile.samples.Values(row)[0];
    }
    return total;
  }
  bool Noticed(const std::string& line) const {
    const auto lines = notices_.lines();
    return std::find(lines.begin(), lines.end(), line) != lines.end();
  }

  Options options_;
  HttpClient http_{TlsOptions{}};
  CollectedNotices notices_;
};

TEST_F(FetchTest, SourcesAndBasesAreMergedApart) {
  const std::string a = Write("a.pb.gz", ProfileBytes("f", 1));
  const std::string b = Write("b.pb.gz", ProfileBytes("f", 20));
  const auto fetched = Get({a, b, b}, {a});
  ASSERT_TRUE(fetched.ok()) << fetched.message();
  EXPECT_EQ(Total(fetched->profile), 41);
  EXPECT_EQ(fetched->profile.samples.size(), 1u);
  ASSERT_TRUE(fetched->base.has_value());
  EXPECT_EQ(Total(*fetched->base), 1);
  EXPECT_FALSE(fetched->remote);
  EXPECT_TRUE(notices_.lines().empty());
}

TEST_F(FetchTest, WhatFailsIsSaidAndLeftOut) {
  const std::string good = Write("a.pb.gz", ProfileBytes("f", 1));
  const std::string missing = Path("missing");
  const auto fetched = Get({missing, good, directory_});
  ASSERT_TRUE(fetched.ok());
  EXPECT_EQ(Total(fetched->profile), 1);
  const std::string directory = directory_;
  EXPECT_EQ(notices_.lines(),
            (std::vector<std::string>{missing + ": stat " + missing + ": no such file or directory",
                                      directory + ": read " + directory +
                                          ": is a directory; for the newest heap dump in it say " +
                                          directory + "/heap",
                                      "Fetched 1 source profiles out of 3"}));
  EXPECT_EQ(Get({missing}).message(), "failed to fetch any source profiles");
  EXPECT_EQ(Get({good}, {missing}).message(), "failed to fetch any base profiles");
}

TEST_F(FetchTest, ProfilesThatDoNotFitTogether) {
  const std::string a = Write("a.pb.gz", ProfileBytes("f", 1));
  const std::string heap =
      Write("heap", "heap profile: 1: 8 [1: 8] @ heapprofile\n1: 8 [1: 8] @ 0x1\n");
  EXPECT_EQ(Get({a, heap}).message(),
            "problem fetching source profiles: profiles have empty common sample type list");
  EXPECT_EQ(Get({a}, {a, heap}).message(),
            "problem fetching base profiles: profiles have empty common sample type list,");
}

TEST_F(FetchTest, MoreSourcesThanAreFetchedAtOnce) {
  const std::string a = Write("a.pb.gz", ProfileBytes("f", 1));
  const auto fetched = Get(std::vector<std::string>(300, a));
  ASSERT_TRUE(fetched.ok());
  EXPECT_EQ(Total(fetched->profile), 300);
}

TEST_F(FetchTest, ServersAreRememberedForTheirMappings) {
  const std::string without_file = ProfileBytes("f", 3, "");
  TestServer server([&](const std::string& request, const std::string&) {
    return request == "GET /debug/pprof/profile?seconds=2" ? TestServer::Ok(without_file)
                                                           : std::string("404 Not Found\r\n\r\n");
  });
  options_.seconds = 2;
  const auto fetched = Get({server.Url("/debug/pprof/profile")});
  ASSERT_TRUE(fetched.ok()) << fetched.message();
  const std::string url = server.Url("/debug/pprof/profile?seconds=2");
  EXPECT_TRUE(Noticed("Fetching profile over HTTP from " + url));
  EXPECT_TRUE(Noticed("Please wait... (2s)"));
  EXPECT_TRUE(fetched->remote);
  ASSERT_EQ(fetched->sources.count(url), 1u);
  EXPECT_EQ(fetched->sources.at(url)[0].start, 0x1000u);
  profile::Profile profile = fetched->profile;
  EXPECT_EQ(profile.Text(profile.mappings[0].file), url);
  ForgetSourceUrls(&profile);
  EXPECT_EQ(profile.Text(profile.mappings[0].file), "");
}

TEST_F(FetchTest, DumpDirectories) {
  Write("app.11.0001.heap.pb.gz", ProfileBytes("f", 5));
  options_.kind = "heap";
  const auto fetched = Get({directory_});
  ASSERT_TRUE(fetched.ok()) << fetched.message();
  EXPECT_EQ(Total(fetched->profile), 5);
  options_.pid = 12;
  EXPECT_FALSE(Get({directory_}).ok());
  EXPECT_TRUE(
      notices_.lines()[0].starts_with(std::string(directory_) + ": no profiles of process 12 in "));
}

}  // namespace
}  // namespace cpprof::fetch
