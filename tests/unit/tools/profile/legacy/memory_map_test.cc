// SPDX-License-Identifier: Apache-2.0
#include "tools/profile/legacy/memory_map.h"

#include <gtest/gtest.h>

#include "tests/unit/tools/profile/legacy/describe.h"

namespace cpprof::profile::legacy {
namespace {

// Mappings of a profile with samples at `addresses`, after reading `text`.
std::string MappingsOf(std::string_view text, std::vector<uint64_t> addresses = {}) {
  Profile profile;
  profile.AddSampleType("x", "count");
  for (const uint64_t address : addresses) {
    const LocationIndex location = profile.AddLocation(address);
    profile.AddSample({{location}}, {{int64_t{1}}});
  }
  LineReader lines(text);
  const Status status = ParseMemoryMap(&lines, &profile);
  return status.ok() ? DescribeMappings(profile) : status.message();
}

TEST(MemoryMap, BothForms) {
  EXPECT_EQ(MappingsOf("00400000-0040b000 r-xp 00001000 fc:00 123 /bin/cat\n"
                       "0060a000-0060b000 r--p 0000a000 fc:00 123 /bin/cat\n"
                       "0x700000-0x800000: /usr/lib/x.so (@ff00) abc123\n"
                       "nonsense\n"),
            "400000-40b000+1000 /bin/cat\n700000-800000+ff00 /usr/lib/x.so abc123\n");
}

TEST(MemoryMap, LogPrefixesAndVariables) {
  EXPECT_EQ(MappingsOf("I0101 server.cc:12] build=/path/to\n"
                       "I0101 server.cc:13] 400000-500000: $build/prog\n"),
            "400000-500000+0 /path/to/prog\n");
}

TEST(MemoryMap, PiecesAreJoinedAndTheProgramComesFirst) {
  EXPECT_EQ(MappingsOf("1000-2000: /lib/a.so\n"
                       "2000-3000: /lib/a.so (@1000)\n"
                       "5000-6000: [vdso]\n"
                       "7000-8000: /lib/b.so.6\n"
                       "9000-a000: /bin/prog\n"),
            "9000-a000+0 /bin/prog\n5000-6000+0 [vdso]\n7000-8000+0 /lib/b.so.6\n"
            "1000-3000+0 /lib/a.so\n");
}

TEST(MemoryMap, RepairsWhatHandlersGetWrong) {
  EXPECT_EQ(MappingsOf("1000-2000: /anon_hugepage\n2000-3000: /bin/prog\n"),
            "2000-3000+0 /bin/prog\n");
  EXPECT_EQ(MappingsOf("410000-500000: /bin/prog (@10000)\n"), "400000-500000+0 /bin/prog\n");
  // The first piece of the file is missing, and a sample is in it.
  EXPECT_EQ(MappingsOf("8000-9000: /bin/prog (@2000)\n", {0x6100}), "6000-9000+0 /bin/prog\n");
}

TEST(MemoryMap, UnknownAddressesShareAMadeUpMapping) {
  EXPECT_EQ(MappingsOf("1000-2000: /bin/prog\n", {0x1500, 0x9000, 0x9001, 0}),
            "1000-2000+0 /bin/prog\n0-ffffffffffffffff+0\n");
}

}  // namespace
}  // namespace cpprof::profile::legacy
