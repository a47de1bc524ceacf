// SPDX-License-Identifier: Apache-2.0
#include "tools/symbolize/tool_search.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/unit/tools/elf/elf_fixture.h"

namespace cpprof::symbolize {
namespace {

class ToolSearchTest : public ElfFixture {
 protected:
  void SetUp() override {
    ElfFixture::SetUp();
    const char* path = std::getenv("PATH");
    saved_path_ = path == nullptr ? "" : path;
    AddTool("inpath", "addr2line");
    AddTool("other", "llvm-symbolizer");
    setenv("PATH", Path("inpath").c_str(), 1);
  }
  void TearDown() override {
    setenv("PATH", saved_path_.c_str(), 1);
    ElfFixture::TearDown();
  }
  void AddTool(const std::string& directory, const std::string& name) {
    std::filesystem::create_directories(Path(directory));
    Write(directory + "/" + name, "#!/bin/sh\n");
    std::filesystem::permissions(Path(directory + "/" + name), std::filesystem::perms::owner_all);
  }

  std::string saved_path_;
};

TEST_F(ToolSearchTest, PathIsSearchedUnlessTheOptionNamesPlaces) {
  EXPECT_EQ(FindTool("addr2line", ""), Path("inpath/addr2line"));
  EXPECT_EQ(FindTool("llvm-symbolizer", ""), std::nullopt);
  EXPECT_EQ(FindTool("llvm-symbolizer", Path("other")), Path("other/llvm-symbolizer"));
  EXPECT_EQ(FindTool("addr2line", Path("other")), std::nullopt);
  const std::string one = "llvm-symbolizer:" + Path("other");
  EXPECT_EQ(FindTool("llvm-symbolizer", one), Path("other/llvm-symbolizer"));
  EXPECT_EQ(FindTool("addr2line", one), std::nullopt);
  EXPECT_EQ(FindTool("addr2line", one + "," + Path("inpath")), Path("inpath/addr2line"));
}

TEST_F(ToolSearchTest, StyleFollowsTheToolTheReferenceWouldTake) {
  EXPECT_EQ(ChooseAnswerStyle(""), AnswerStyle::kAddr2line);
  EXPECT_EQ(ChooseAnswerStyle(Path("other")), AnswerStyle::kExact);
  EXPECT_EQ(ChooseAnswerStyle("/no/such/directory"), AnswerStyle::kExact);
}

}  // namespace
}  // namespace cpprof::symbolize
