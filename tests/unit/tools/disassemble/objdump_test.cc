// SPDX-License-Identifier: Apache-2.0
#include "tools/disassemble/objdump.h"

#include <sys/stat.h>

#include "tests/unit/tools/elf/elf_fixture.h"

namespace cpprof::disassemble {
namespace {

class ObjdumpTest : public ElfFixture {
 protected:
  // A program that stands for objdump.
  void MakeTool(const std::string& name, const std::string& script) const {
    Write(name, "#!/bin/sh\n" + script);
    ASSERT_EQ(chmod(Path(name).c_str(), 0700), 0);
  }
  std::string Tools() const { return directory_.string(); }
};

TEST_F(ObjdumpTest, KnowsItsVersions) {
  EXPECT_EQ(KindOfObjdump("GNU objdump (GNU Binutils for Debian) 2.40\n"), "gnu");
  EXPECT_EQ(KindOfObjdump("Debian LLVM version 14.0.6\n"), "llvm");
  EXPECT_EQ(KindOfObjdump("LLVM version 7.0.1\n"), "");
  EXPECT_EQ(KindOfObjdump("LLVM version custom-trunk 1\n"), "llvm");
  EXPECT_EQ(KindOfObjdump("busybox"), "");
}

TEST_F(ObjdumpTest, SaysWhatToInstall) {
  const Status status = Objdump(Tools()).Find();
  EXPECT_NE(status.message().find("install the package binutils"), std::string::npos)
      << status.message();
}

TEST_F(ObjdumpTest, PrefersLlvmUnlessItIsTooOld) {
  const std::string print = R"([ "$1" = --version ] || printf '  1: %s\n' "$*" )";
  MakeTool("objdump", "echo GNU objdump\n" + print);
  MakeTool("llvm-objdump", "echo LLVM version 14.0.6\n" + print);
  const auto by_llvm = Objdump(Tools()).Disassemble("/x", 16, 32, true);
  ASSERT_TRUE(by_llvm.ok()) << by_llvm.message();
  EXPECT_EQ(by_llvm->at(0).text,
            "--disassemble --demangle --no-show-raw-insn --line-numbers --start-address=0x10 "
            "--stop-address=0x20 --x86-asm-syntax=intel /x");
  MakeTool("llvm-objdump", "echo LLVM version 7.0.0\n" + print);
  const auto by_gnu = Objdump(Tools()).Disassemble("/x", 16, 32, true);
  ASSERT_TRUE(by_gnu.ok()) << by_gnu.message();
  EXPECT_NE(by_gnu->at(0).text.find("-M intel /x"), std::string::npos) << by_gnu->at(0).text;
}

TEST_F(ObjdumpTest, AFileNameIsNeverAnOption) {
  MakeTool("objdump", "echo GNU objdump\nprintf '  1: %s\\n' \"$8\" \"$7\"\n");
  for (const std::string name : {"-h", "@file", "a b;c"}) {
    const auto instructions = Objdump(Tools()).Disassemble(name, 0, 1, false);
    ASSERT_TRUE(instructions.ok()) << instructions.message();
    EXPECT_EQ(instructions->back().text, "./" + name);
  }
}

TEST_F(ObjdumpTest, AFailureIsTold) {
  MakeTool("objdump",
           "[ $1 = --version ] && echo GNU objdump && exit\necho no such thing >&2; exit 3");
  const auto failed = Objdump(Tools()).Disassemble("/x/prog", 0, 1, false);
  EXPECT_EQ(failed.message(),
            "disassembling /x/prog: " + Path("objdump") + ": exit status 3 (no such thing)");
}

}  // namespace
}  // namespace cpprof::disassemble
