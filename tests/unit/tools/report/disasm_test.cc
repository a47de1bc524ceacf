// SPDX-License-Identifier: Apache-2.0
//
// disasm and weblist of this very process: two samples in a function below.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/unit/tools/own_code.h"
#include "tools/base/regexp.h"
#include "tools/base/strings.h"
#include "tools/report/formats.h"

namespace disasm_test {

[[gnu::noinline, gnu::noclone]] uintptr_t Here() {
  return reinterpret_cast<uintptr_t>(__builtin_return_address(0));
}

constexpr int kLine = __LINE__ + 2;
[[gnu::noinline, gnu::noclone]] uintptr_t Sampled() {
  const volatile uintptr_t here = Here();
  return here;
}

}  // namespace disasm_test

namespace cpprof::report {
namespace {

using testing::Test;

class DisasmTest : public Test {
 protected:
  DisasmTest() {
    address_ = disasm_test::Sampled();
    profile_.AddSampleType("samples", "count");
    profile_.AddMapping(OwnMapping(&profile_, address_));
    const auto function = profile_.AddFunction("disasm_test::Sampled", "_ZN11disasm_test7SampledEv",
                                               __FILE__, disasm_test::kLine);
    const auto location = profile_.AddLocation(address_, 0);
    profile_.SetLines(
        location, std::vector<profile::Line>{{.function = function, .line = disasm_test::kLine}});
    const profile::LocationIndex stack[] = {location};
    const int64_t values[] = {7};
    profile_.AddSample(stack, values);
    options_.sample_type = "samples";
    options_.sample_unit = "count";
    options_.output_unit = "minimum";
    options_.notices = &notices_;
    options_.source_path = "/";
  }

  std::string Write(Status (*write)(Report*, std::string*), Layout layout,
                    const std::string& symbol) {
    options_.layout = layout;
    options_.symbol = *CompileRegexp(symbol);
    Report report(&profile_, options_);
    std::string out;
    const Status status = write(&report, &out);
    return status.ok() ? out : "error: " + status.message();
  }
  std::string Disasm(const std::string& symbol) {
    return Write(WriteDisasm, Layout::kDisassembly, symbol);
  }
  std::string WebList(const std::string& symbol) {
    return Write(WriteWebList, Layout::kWebList, symbol);
  }

  profile::Profile profile_;
  Options options_;
  CollectedNotices notices_;
  uintptr_t address_ = 0;
};

TEST_F(DisasmTest, ShowsTheInstructionOfASample) {
  const std::string text = Disasm("disasm_test::Sam");
  EXPECT_TRUE(
      text.starts_with("Total: 7\n"
                       "ROUTINE ======================== disasm_test::Sampled()\n"
                       "         7          7 (flat, cum)   100% of Total\n"))
      << text;
  EXPECT_NE(text.find("         .          . "), std::string::npos) << text;
  EXPECT_NE(text.find("\n         7          7 "), std::string::npos) << text;
  EXPECT_NE(text.find("disasm_test.cc:" + std::to_string(disasm_test::kLine)), std::string::npos)
      << text;
}

TEST_F(DisasmTest, FindsMangledNamesAndAddresses) {
  EXPECT_NE(Disasm("Sampled").find("= _ZN11disasm_test7SampledEv\n"), std::string::npos);
  const std::string by_address =
      Disasm(StrFormat("0x%llx", static_cast<unsigned long long>(address_)));
  EXPECT_NE(by_address.find("= _ZN11disasm_test7SampledEv\n"), std::string::npos) << by_address;
}

TEST_F(DisasmTest, SaysWhatItDoesNotFind) {
  EXPECT_EQ(Disasm("no_such_name"), "error: no matches found for regexp no_such_name");
  EXPECT_EQ(Disasm("0x123456789abcdef"), "error: no matches found for address 0x123456789abcdef");
  EXPECT_EQ(WebList("no_such_name"), "error: no matches found for regexp: no_such_name");
  options_.tools = "/nonexistent";
  EXPECT_NE(Disasm("Sampled").find("install the package binutils"), std::string::npos);
}

TEST_F(DisasmTest, WebListHasSourceAndCode) {
  const std::string page = WebList("Sampled");
  EXPECT_NE(page.find("<h2>disasm_test::Sampled</h2>"), std::string::npos) << page;
  EXPECT_NE(page.find("<span class=livesrc>           7          7             const volatile "
                      "uintptr_t here = Here(); </span><span class=asm>"),
            std::string::npos)
      << page;
  EXPECT_TRUE(notices_.lines().empty());
}

TEST_F(DisasmTest, WebListWithoutCodeShowsSource) {
  const std::string file = testing::TempDir() + "/disasm_test.source";
  std::ofstream(file) << std::string(disasm_test::kLine - 1, '\n') << "  the source;\n";
  profile_.functions[0].filename = profile_.Intern(file);
  options_.tools = "/nonexistent";
  const std::string page = WebList("Sampled");
  EXPECT_NE(page.find("<span class=deadsrc>           7          7             the source; "),
            std::string::npos)
      << page;
  std::filesystem::remove(file);
  ASSERT_EQ(notices_.lines().size(), 1u);
  EXPECT_NE(notices_.lines()[0].find("shown without machine code"), std::string::npos);
}

TEST_F(DisasmTest, WebListEscapes) {
  profile_.mappings[0].file = profile_.Intern("/x/<&'\"+>");
  profile_.functions[0].name = profile_.Intern("operator<<");
  const std::string page = WebList("operator");
  EXPECT_NE(page.find("<h2>operator&lt;&lt;</h2>"), std::string::npos) << page;
  EXPECT_NE(page.find("File: &lt;&amp;&#39;&#34;&#43;&gt;"), std::string::npos) << page;
}

}  // namespace
}  // namespace cpprof::report
