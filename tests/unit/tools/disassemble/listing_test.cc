// SPDX-License-Identifier: Apache-2.0
#include "tools/disassemble/listing.h"

#include <gtest/gtest.h>

namespace cpprof::disassemble {
namespace {

// "address|text|function|file:line", one line an instruction.
std::string Show(std::string_view listing) {
  std::string shown;
  for (const Instruction& i : ReadListing(listing)) {
    shown += std::to_string(i.address) + "|" + i.text + "|" + i.function + "|" + i.file + ":" +
             std::to_string(i.line) + "\n";
  }
  return shown;
}

TEST(ListingTest, ReadsTheGnuTool) {
  EXPECT_EQ(Show("\n/x/work:     file format elf64-x86-64\n\n\n"
                 "Disassembly of section .text:\n\n"
                 "0000000000000010 <mix(unsigned long)>:\n"
                 "mix(unsigned long)():\n"
                 "/src/work.cc:12\n"
                 "  10:\tpush   %rbp\n"
                 "/src/work.cc:13 (discriminator 3)\n"
                 "  11:\tjmp    10 <mix(unsigned long)>\n"
                 "ns::inner():\n"
                 "  13:\tret    \n"
                 "\t...\n"
                 "  20:\tnop\n"),
            "16|push   %rbp|mix(unsigned long)|/src/work.cc:12\n"
            "17|jmp    10 <mix(unsigned long)>|mix(unsigned long)|/src/work.cc:13\n"
            "19|ret|ns::inner|/src/work.cc:13\n"
            "32|nop||:0\n");
}

TEST(ListingTest, ReadsLlvm) {
  EXPECT_EQ(Show("\nx:\tfile format elf64-x86-64\n\nDisassembly of section .text:\n\n"
                 "0000000000000010 <main>:\n"
                 "; main():\n"
                 "; /src/work.c:7\n"
                 "      10: movl\t$1, %eax\n"),
            "16|movl\t$1, %eax|main|/src/work.c:7\n");
  EXPECT_EQ(Show("0000000000000010 <main>:\n      10: nop\n"), "16|nop|<main>|:0\n");
}

TEST(ListingTest, NonsenseHasNoInstructions) {
  EXPECT_EQ(Show(""), "");
  EXPECT_EQ(Show("a:\n:\nzz: nop\n11112222333344445: nop\n"), "");
  EXPECT_EQ(Show("x:99999999999999999999\n1: nop"), "1|nop||:0\n");
}

}  // namespace
}  // namespace cpprof::disassemble
