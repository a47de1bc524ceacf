// SPDX-License-Identifier: Apache-2.0
#include "tools/fetch/process_source.h"

#include <gtest/gtest.h>

namespace cpprof::fetch {
namespace {

TEST(ProcessSourceTest, Forms) {
  EXPECT_FALSE((*ParseProcessSource("heap.pb.gz")).has_value());
  EXPECT_EQ((*ParseProcessSource("pid:4711"))->pid, 4711);
  EXPECT_EQ((*ParseProcessSource("pid:4711"))->kind, "");
  EXPECT_EQ((*ParseProcessSource("pid:1/profile"))->kind, "cpu");
  for (const char* wrong : {"pid:", "pid:0", "pid:-1", "pid:x", "pid:1x",
                            "pid:99999999999999999999", "pid:1/a/b", "pid:1/heap?seconds=3"}) {
    EXPECT_FALSE(ParseProcessSource(wrong).ok()) << wrong;
  }
}

TEST(ProcessSourceTest, TemplatesOfFileNames) {
  EXPECT_EQ(GlobPattern("/tmp/pprofagent-%u", "", 12, 1000), "/tmp/pprofagent-1000");
  EXPECT_EQ(GlobPattern("%d/%e.%p.sock", "/a*b", 12, 0), "/a\\*b/*.12.sock");
  EXPECT_EQ(GlobPattern("100%%/%x/%", "", 1, 0), "100%/%x/%");
}

TEST(ProcessSourceTest, ANumberThatNobodyHas) {
  // Larger than any process id.
  const auto found = FindProcessProfile({2000000000, ""});
  ASSERT_FALSE(found.ok());
  EXPECT_TRUE(found.message().starts_with("process 2000000000 does not run, and there is no heap "))
      << found.message();
}

}  // namespace
}  // namespace cpprof::fetch
