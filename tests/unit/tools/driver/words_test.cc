// SPDX-License-Identifier: Apache-2.0
#include "tools/driver/words.h"

#include <gtest/gtest.h>

namespace cpprof::driver {
namespace {

TEST(WordsTest, FilesAndHostsPass) {
  for (const char* word : {"cpu.pb.gz", "localhost:6060", "./x", "localhost", "/a/b", "a1"}) {
    EXPECT_TRUE(CheckWord(word, false).ok()) << word;
  }
}

TEST(WordsTest, WordsThatNearlyMeanSomethingDoNot) {
  EXPECT_EQ(CheckWord("doctr", false).message(),
            "doctr is neither a file nor a command; did you mean doctor?");
  EXPECT_EQ(CheckWord("heap", false).message(),
            "heap is neither a file nor followed by a dump directory");
  EXPECT_FALSE(CheckWord("xyzzyxyzzy", true).ok());
  EXPECT_TRUE(CheckWord("xyzzyxyzzy", false).ok());
}

TEST(WordsTest, EveryKindThatTheAgentDumpsIsOne) {
  for (const char* kind :
       {"heap", "allocs", "cpu", "mutex", "block", "contention", "threadcreate", "goroutine"}) {
    EXPECT_TRUE(IsKind(kind)) << kind;
  }
  EXPECT_FALSE(IsKind("heaps"));
}

}  // namespace
}  // namespace cpprof::driver
