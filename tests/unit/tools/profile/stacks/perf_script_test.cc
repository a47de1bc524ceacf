// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tests/unit/tools/example_profile.h"
#include "tools/base/strings.h"
#include "tools/profile/stacks/stacks.h"

namespace cpprof::profile::stacks {
namespace {

// The types, then a line a sample: frames as ShowSamples, labels, and behind it the mappings.
std::string Read(std::string_view text) {
  const Parsed parsed = Parse(text);
  if (!parsed) return "another format";
  if (!parsed->ok()) return "error: " + parsed->message();
  const Profile& profile = **parsed;
  std::string out;
  for (const ValueType& type : profile.sample_types) {
    out += std::string(profile.Text(type.type)) + "/" + std::string(profile.Text(type.unit)) + " ";
  }
  return out + "\n" + ShowSamples(profile);
}

constexpr std::string_view kTwoSamples =
    "# captured on: today\n"
    "redis-server  4711/4712  [001]  105.250000:     250000 cycles:u: \n"
    "\t    55d0c0ffee12 dictFind+0x42 (/usr/bin/redis-server)\n"
    "\t    55d0c0ffee99 inner(int) (inlined)\n"
    "\t    55d0c0ffee99 process(char*, int)+0x99 (/usr/bin/redis-server (deleted))\n"
    "\n"
    "Web Content 12 [000] 107.75: 1000 cycles:u: \n"
    "\tffffffff81000000 [unknown] ([kernel.kallsyms])\n"
    "\t    7f0000000001 main+0x1 (/bin/x)\n"
    "\n";

TEST(PerfScriptTest, ReadsStacksLeafFirst) {
  EXPECT_EQ(Read(kTwoSamples),
            "samples/count cycles:u/count \n"
            "dictFind;inner(int);process(char*, int) 1 250000\n"
            "main 1 1000\n");
}

TEST(PerfScriptTest, KnowsThreadsObjectsAndDuration) {
  const Parsed parsed = Parse(kTwoSamples);
  ASSERT_TRUE(parsed && parsed->ok());
  const Profile& profile = **parsed;
  EXPECT_EQ(profile.duration_nanos, 2'500'000'000);
  ASSERT_EQ(profile.mappings.size(), 4u);
  EXPECT_EQ(profile.Text(profile.mappings[0].file), "/usr/bin/redis-server");
  EXPECT_EQ(profile.Text(profile.mappings[1].file), "/usr/bin/redis-server (deleted)");
  std::string labels;
  for (const Label& label : profile.samples.Labels(0)) {
    labels +=
        std::string(profile.Text(label.key)) + "=" +
        (label.numeric ? std::to_string(label.number) : std::string(profile.Text(label.text))) +
        " ";
  }
  EXPECT_EQ(labels, "comm=redis-server pid=4711 tid=4712 ");
  EXPECT_EQ(profile.samples.Stack(1).size(), 2u);
  EXPECT_EQ(profile.locations[profile.samples.Stack(1)[0]].address, 0xffffffff81000000);
}

TEST(PerfScriptTest, EachEventIsASampleType) {
  EXPECT_EQ(Read("a 1 1.0: 5 cycles: \n\t1 f (x)\n\na 1 2.0: 7 task-clock:u: \n\t1 f (x)\n\n"),
            "samples/count cycles/count task-clock:u/nanoseconds \n"
            "f 1 5 0\n"
            "f 1 0 7\n");
}

TEST(PerfScriptTest, ReadsVariants) {
  // Without stacks, without period, with source lines, with events of the side-band.
  EXPECT_EQ(Read("     sleep  77 12.5:  cycles:  7f00 nanosleep+0x3 (/lib/libc.so.6)\n"),
            "samples/count cycles/count \nnanosleep 1 1\n");
  EXPECT_EQ(
      Read(
          "perf 1 1.0: PERF_RECORD_MMAP2 1/1: [0x1(0x2) @ 0]: x\n"
          "a 1 1.0: sched:sched_switch: \n\t1 f+0x1 (x)\n  file.c:12\n\t2 [unknown] (y)\n  y[2]\n"),
      "samples/count sched:sched_switch/count \nf 1 1\n");
  EXPECT_EQ(Read("a 1 1.0: cpu-clock: \n\t1 f (x)\n"), "samples/count cpu-clock/count \nf 1 1\n");
  const Parsed parsed = Parse("a 1 1.0: 2 e: \n\t1 f+0x1 (x)\n  dir/file.c:12\n");
  ASSERT_TRUE(parsed && parsed->ok());
  EXPECT_EQ((*parsed)->Lines(0)[0].line, 12);
}

TEST(PerfScriptTest, ALineThatDoesNotFitIsNamed) {
  EXPECT_EQ(Read("a 1 1.0: 2 e: \n\t1 f (x)\n\nnonsense\n"),
            "error: perf script: line 4: is neither an event nor a frame of its stack");
  EXPECT_EQ(Read("a 1 1.0: 2 e: \n\t1 f (x)\n\tzz f (x)\n"),
            "error: perf script: line 3: is neither an event nor a frame of its stack");
  // An indented line that can be a frame is one, and one behind a '#' says nothing.
  EXPECT_EQ(Read("a 1 1.0: 2 e: \n\t1 f (x)\n\n  cafe 12 1.0: 5 other: \n"),
            "error: perf script: line 4: is a frame without an event above it");
  EXPECT_EQ(Read("a 1 1.0: 2 e: \n\t1 f (x)\n\n  # 12 1.0: 5 other: \n"),
            "samples/count e/count \nf 1 2\n");
  std::string many;
  for (int i = 0; i < 65; ++i) {
    many += StrFormat("a 1 1.0: 2 event%d: \n\t1 f (x)\n\n", i);
  }
  EXPECT_EQ(Read(many), "error: perf script: line 193: has more than 64 events");
}

TEST(PerfScriptTest, OtherTextIsLeftAlone) {
  EXPECT_EQ(Read("a b c\n"), "another format");
  EXPECT_EQ(Read("http 12 to: go\nthere\n"), "another format");
  EXPECT_EQ(Read("--- contention:\n"), "another format");
}

}  // namespace
}  // namespace cpprof::profile::stacks
