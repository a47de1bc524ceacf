// SPDX-License-Identifier: Apache-2.0
#include "agent/service/profile/mappings.h"

#include <gtest/gtest.h>
#include <math.h>
#include <sys/auxv.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "agent/hot/snapshot.h"

namespace pprofagent::service {
namespace {

TEST(ParseMapsLine, ReadsTheKernelsForm) {
  MapsLine line;
  ASSERT_TRUE(ParseMapsLine(
      "55d0c0a00000-55d0c0a21000 r-xp 00002000 fe:01 1234567                    /usr/bin/redis",
      &line));
  EXPECT_EQ(line.start, 0x55d0c0a00000u);
  EXPECT_EQ(line.limit, 0x55d0c0a21000u);
  EXPECT_TRUE(line.executable);
  EXPECT_EQ(line.offset, 0x2000u);
  EXPECT_EQ(line.device, makedev(0xfe, 1));
  EXPECT_EQ(line.inode, 1234567u);
  EXPECT_EQ(line.file, "/usr/bin/redis");
}

TEST(ParseMapsLine, ReadsAwkwardNames) {
  const auto file = [](const std::string& name) {
    MapsLine line;
    EXPECT_TRUE(ParseMapsLine("1000-2000 r--p 00000000 00:00 0      " + name, &line));
    EXPECT_FALSE(line.executable);
    return line.file;
  };
  EXPECT_EQ(file("/opt/my app/bin 2"), "/opt/my app/bin 2");
  EXPECT_EQ(file("/usr/bin/redis (deleted)"), "/usr/bin/redis");
  EXPECT_EQ(file("/tmp/line\\012feed"), "/tmp/line\nfeed");
  EXPECT_EQ(file("[vdso]"), "[vdso]");
  EXPECT_EQ(file(""), "");
  MapsLine line;
  EXPECT_TRUE(ParseMapsLine("1000-2000 rwxp 00000000 00:00 0", &line));
  EXPECT_EQ(line.file, "");
}

TEST(ParseMapsLine, RefusesEverythingElse) {
  MapsLine line;
  for (const char* bad :
       {"", "1000", "1000-", "1000-2000", "1000-2000 r-xp", "1000-2000 r-xp 0",
        "2000-1000 r-xp 0 "
        "00:00 0",
        "1000-2000 r-xp 0 00:00", "1000-2000 r-xp 0 00:00 x", "xyz-2000 r-xp 0 00:00 0",
        "1000-2000 r-xp 0 0000 0", "1000000000000000000-2000 r-xp 0 00:00 0", "1000-2000 r- 0"}) {
    EXPECT_FALSE(ParseMapsLine(bad, &line)) << bad;
  }
}

constexpr std::string_view kMaps =
    "1000-2000 r--p 00000000 fe:01 11    /usr/lib/libc.so.6\n"
    "2000-5000 r-xp 00001000 fe:01 11    /usr/lib/libc.so.6\n"
    "6000-7000 rwxp 00000000 00:00 0 \n"
    "7000-8000 r--p 00000000 fe:01 22    /opt/my app\n"
    "8000-9000 r-xp 00001000 fe:01 22    /opt/my app\n"
    "a000-b000 r-xp 00004000 fe:01 33    /late/library.so\n"
    "garbage\n"
    "c000-d000 rw-p 00000000 00:00 0     [stack]\n"
    "e000-f000 r-xp 00000000 00:00 0     [vdso]\n";

std::string HeaderAddress(const MapsLine&, uint64_t header_address) {
  return std::to_string(header_address);
}

TEST(Mappings, ListExecutableFilesWithTheMainProgramFirst) {
  const Mappings mappings = Mappings::Parse(kMaps, 0x8123, HeaderAddress);
  ASSERT_EQ(mappings.all().size(), 4u);
  EXPECT_EQ(mappings.all()[0].file, "/opt/my app");
  EXPECT_EQ(mappings.all()[0].start, 0x8000u);
  EXPECT_EQ(mappings.all()[0].limit, 0x9000u);
  EXPECT_EQ(mappings.all()[0].offset, 0x1000u);
  EXPECT_EQ(mappings.all()[1].file, "/usr/lib/libc.so.6");
  EXPECT_EQ(mappings.all()[2].file, "/late/library.so");
  EXPECT_EQ(mappings.all()[3].file, "[vdso]");
}

TEST(Mappings, KnowWhereEachFileBegins) {
  const Mappings mappings = Mappings::Parse(kMaps, 0, HeaderAddress);
  ASSERT_EQ(mappings.all().size(), 4u);
  EXPECT_EQ(mappings.all()[0].build_id, std::to_string(0x1000));
  EXPECT_EQ(mappings.all()[1].build_id, std::to_string(0x7000));
  EXPECT_EQ(mappings.all()[2].build_id, "0") << "the beginning is not mapped";
  EXPECT_EQ(mappings.all()[3].build_id, std::to_string(0xe000));
}

TEST(Mappings, FindAddresses) {
  const Mappings mappings = Mappings::Parse(kMaps, 0x8123, HeaderAddress);
  EXPECT_EQ(mappings.IdOf(0x8000), 1u);
  EXPECT_EQ(mappings.IdOf(0x8fff), 1u);
  EXPECT_EQ(mappings.IdOf(0x9000), 0u);
  EXPECT_EQ(mappings.IdOf(0x2000), 2u);
  EXPECT_EQ(mappings.IdOf(0x1fff), 0u) << "not executable";
  EXPECT_EQ(mappings.IdOf(0x6500), 0u) << "no file";
  EXPECT_EQ(mappings.IdOf(0xefff), 4u);
  EXPECT_EQ(mappings.IdOf(0), 0u);
  EXPECT_EQ(mappings.IdOf(~uint64_t{0}), 0u);
  EXPECT_EQ(Mappings::Parse("", 0, HeaderAddress).IdOf(0x1000), 0u);
}

TEST(Mappings, DropALineReadTwice) {
  const Mappings mappings = Mappings::Parse(
      "1000-3000 r-xp 00000000 fe:01 11    /a\n"
      "1000-3000 r-xp 00000000 fe:01 11    /a\n"
      "2000-4000 r-xp 00000000 fe:01 11    /a\n",
      0, HeaderAddress);
  EXPECT_EQ(mappings.all().size(), 1u);
}

uintptr_t InGeneration(uintptr_t generation, uintptr_t address) {
  return generation << hot::kFrameAddressBits | address;
}

// kMaps says "4096" of the build ID of what begins at 0x1000, libc.
TEST(Mappings, KnowWhatIsGone) {
  Mappings mappings = Mappings::Parse(kMaps, 0x8123, HeaderAddress);
  const KnownCode known[] = {
      {0x2000, 0x5000, 0x1000, 0, "/usr/lib/libc.so.6", "4096"},  // still there
      {0x20000, 0x21000, 0x1000, 0, "/gone.so", "aa"},            // nothing there now
      {0x8000, 0x9000, 0x1000, 0, "/opt/my app", "bb"},           // another build there
      {0x8000, 0x9000, 0x1000, 1, "/opt/my app", "28672"},        // which was known too
      {0xa000, 0xb000, 0x4000, 2, "/late/library.so", ""},        // who knows
  };
  mappings.AddHistory(known);
  ASSERT_EQ(mappings.all().size(), 7u);
  EXPECT_EQ(mappings.IdOf(0x2345), 2u);
  EXPECT_EQ(mappings.IdOf(0x20000), 5u);
  EXPECT_EQ(mappings.all()[4].file, "/gone.so");
  EXPECT_TRUE(mappings.all()[4].gone);
  EXPECT_EQ(mappings.IdOf(0x21000), 0u);
  EXPECT_EQ(mappings.IdOf(0x8100), 6u);
  EXPECT_EQ(mappings.all()[5].build_id, "bb");
  EXPECT_EQ(mappings.IdOf(InGeneration(1, 0x8100)), 1u);
  EXPECT_FALSE(mappings.all()[0].gone);
  EXPECT_EQ(mappings.IdOf(InGeneration(2, 0xa100)), 7u);
  EXPECT_EQ(mappings.IdOf(0xa100), 3u);
  EXPECT_EQ(mappings.IdOf(InGeneration(3, 0x8100)), 0u) << "no such object is known";
  EXPECT_EQ(mappings.IdOf(hot::MarkWord(hot::FrameMark::kNoRule)), 0u);
}

// A hugepage daemon or mprotect splits a mapping; it is the same object still.
TEST(Mappings, RecogniseAnObjectByWhereItBegins) {
  Mappings mappings = Mappings::Parse(
      "1000-2000 r--p 00000000 fe:01 11    /a\n"
      "2000-3000 r-xp 00001000 fe:01 11    /a\n"
      "3000-4000 rwxp 00002000 fe:01 11    /a\n",
      0, HeaderAddress);
  const KnownCode known[] = {{0x2000, 0x4000, 0x1000, 0, "/a", "4096"}};
  mappings.AddHistory(known);
  EXPECT_EQ(mappings.all().size(), 2u);
  EXPECT_EQ(mappings.IdOf(0x3800), 2u);
}

TEST(Mappings, DescribeThisProcess) {
  const Mappings mappings = Mappings::OfThisProcess();
  ASSERT_FALSE(mappings.all().empty());
  EXPECT_TRUE(mappings.all()[0].file.ends_with("agent_service_profile_test"));
  EXPECT_EQ(mappings.IdOf(reinterpret_cast<uintptr_t>(&HeaderAddress)), 1u);
  bool has_vdso = false;
  for (const Mapping& mapping : mappings.all()) {
    if (mapping.file == "[vdso]") has_vdso = true;
    if (mapping.file.find("/libc.so") == std::string::npos) continue;
    EXPECT_EQ(mapping.build_id.size(), 40u) << mapping.file;
    EXPECT_NE(mapping.offset, 0u);
  }
  EXPECT_EQ(has_vdso, getauxval(AT_SYSINFO_EHDR) != 0);
}

}  // namespace
}  // namespace pprofagent::service
