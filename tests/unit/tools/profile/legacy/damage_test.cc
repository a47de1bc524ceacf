// SPDX-License-Identifier: Apache-2.0
//
// Whatever is done to a file of the old formats, reading it ends in a profile or in an error.
#include <gtest/gtest.h>

#include <random>

#include "tests/unit/tools/profile/legacy/describe.h"

namespace cpprof::profile::legacy {
namespace {

const std::string kFiles[] = {
    "heap profile: 1: 10 [ 5: 50] @ heap_v2/524288\n1: 10 [5: 50] @ 0x4011c3 0x401304\n"
    "MAPPED_LIBRARIES:\n00400000-0040b000 r-xp 00001000 fc:00 123 /bin/cat\n",
    "goroutine profile: total 3\n2 @ 0x101 0x201\n# x\n---\n",
    "--- threadz 1 ---\n--- Thread 7f01 (name: main/14748) stack: ---\n 0x100\n 0x201\n"
    "--- Memory map: ---\n a=b\n $a 100-900: /bin/prog\n",
    "--- contentionz 1 ---\ncycles/second = 20\nsampling period = 100\n4000 3 @ 0x101\n---\n",
    "--- heapz 1 ---\nformat = java\nresolution = bytes\n52 10 @ 0x4 0x5\n0x4 a.b (B.java:2)\n",
    std::string("\0\0\0\0\3\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\2\0\0\0\1\0\0\0\1\1\0\0\0\0\0\0\1\0\0\0\0"
                "\0\0\0",
                44),
};

TEST(Damage, MutationsNeverCrash) {
  std::mt19937 random(11);
  size_t parsed = 0;
  for (int round = 0; round < 4000; ++round) {
    std::string file = kFiles[static_cast<size_t>(round) % std::size(kFiles)];
    const int changes = static_cast<int>(random() % 4);
    for (int i = 0; i < changes; ++i) {
      const size_t at = random() % file.size();
      switch (random() % 4) {
        case 0:
          file[at] = static_cast<char>(random());
          break;
        case 1:
          file.insert(at, file.substr(random() % file.size(), random() % 20));
          break;
        case 2:
          file.erase(at, random() % 5);
          break;
        default:
          file[at] = "0 9@:-x\n["[random() % 9];
      }
      if (file.empty()) file = "x";
    }
    parsed += Parse(file).ok() ? 1 : 0;
  }
  // Undamaged and lightly damaged ones are still read.
  EXPECT_GT(parsed, 1000u);
}

}  // namespace
}  // namespace cpprof::profile::legacy
