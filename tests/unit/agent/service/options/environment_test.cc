// SPDX-License-Identifier: Apache-2.0
#include "agent/service/options/environment.h"

#include <gtest/gtest.h>
#include <signal.h>

namespace pprofagent::service {
namespace {

ParsedOptions Parse(std::vector<const char*> entries) {
  entries.push_back(nullptr);
  return ParseEnvironment(entries.data());
}

TEST(ParseEnvironment, TakesDefaultsWithoutVariables) {
  for (const ParsedOptions& parsed :
       {Parse({"PATH=/bin", "PPROFAGENTX=1"}), ParseEnvironment(nullptr)}) {
    EXPECT_TRUE(parsed.problems.empty());
    EXPECT_EQ(parsed.options.dir, "/tmp/pprofagent-%u");
    EXPECT_EQ(parsed.options.signal, SIGUSR1);
    EXPECT_EQ(parsed.options.signal_profiles, std::vector<std::string>{"heap"});
    EXPECT_EQ(parsed.options.signal_cpu, 0);
    EXPECT_EQ(parsed.options.heap_rate, 524288);
    EXPECT_EQ(parsed.options.cpu_rate, 100);
    EXPECT_EQ(parsed.options.mutex_fraction, 1);
    EXPECT_EQ(parsed.options.block_rate, 1'000'000);
    EXPECT_FALSE(parsed.options.block_io);
    EXPECT_EQ(parsed.options.stack_depth, 128u);
    EXPECT_EQ(parsed.options.unwinder, UnwinderChoice::kAuto);
    EXPECT_EQ(parsed.options.cpuprofile, "");
    EXPECT_EQ(parsed.options.memprofile, "");
    EXPECT_EQ(parsed.options.blockprofile, "");
    EXPECT_EQ(parsed.options.mutexprofile, "");
    EXPECT_TRUE(parsed.options.exit_profiles.empty());
    EXPECT_EQ(parsed.options.interval_ns, 0);
    EXPECT_EQ(parsed.options.keep, 32);
    EXPECT_EQ(parsed.options.only, std::vector<std::string>{"*"});
    EXPECT_EQ(parsed.options.log, "%d/%e.%p.log");
    EXPECT_EQ(parsed.options.log_level, LogLevel::kWarn);
  }
}

TEST(ParseEnvironment, ReadsEveryOption) {
  const ParsedOptions parsed = Parse({
      "PPROFAGENT_DIR=/d",
      "PPROFAGENT_SIGNAL=none",
      "PPROFAGENT_SIGNAL_PROFILES=heap,cpu",
      "PPROFAGENT_SIGNAL_CPU=USR2",
      "PPROFAGENT_HEAP_RATE=1M",
      "PPROFAGENT_CPU_RATE=250",
      "PPROFAGENT_MUTEX_FRACTION=5",
      "PPROFAGENT_BLOCK_RATE=20us",
      "PPROFAGENT_BLOCK_KINDS=all",
      "PPROFAGENT_CPU_ENGINE=perf",
      "PPROFAGENT_STACK_DEPTH=1024",
      "PPROFAGENT_UNWINDER=fp",
      "PPROFAGENT_CPUPROFILE=c.pb.gz",
      "PPROFAGENT_MEMPROFILE=m.pb.gz",
      "PPROFAGENT_BLOCKPROFILE=b.pb.gz",
      "PPROFAGENT_MUTEXPROFILE=x.pb.gz",
      "PPROFAGENT_OUTPUTDIR=/o",
      "PPROFAGENT_EXIT_PROFILES=allocs",
      "PPROFAGENT_INTERVAL=30s",
      "PPROFAGENT_KEEP=7",
      "PPROFAGENT_ONLY=redis-*,nginx",
      "PPROFAGENT_LOG=stderr",
      "PPROFAGENT_LOG_LEVEL=debug",
  });
  EXPECT_TRUE(parsed.problems.empty());
  const Options& options = parsed.options;
  EXPECT_EQ(options.dir, "/d");
  EXPECT_EQ(options.signal, 0);
  EXPECT_EQ(options.signal_profiles, (std::vector<std::string>{"heap", "cpu"}));
  EXPECT_EQ(options.signal_cpu, SIGUSR2);
  EXPECT_EQ(options.heap_rate, 1 << 20);
  EXPECT_EQ(options.cpu_rate, 250);
  EXPECT_EQ(options.mutex_fraction, 5);
  EXPECT_EQ(options.block_rate, 20'000);
  EXPECT_TRUE(options.block_io);
  EXPECT_EQ(options.cpu_engine, CpuEngineChoice::kPerf);
  EXPECT_EQ(options.stack_depth, 1024u);
  EXPECT_EQ(options.unwinder, UnwinderChoice::kFramePointers);
  EXPECT_EQ(options.cpuprofile, "c.pb.gz");
  EXPECT_EQ(options.memprofile, "m.pb.gz");
  EXPECT_EQ(options.blockprofile, "b.pb.gz");
  EXPECT_EQ(options.mutexprofile, "x.pb.gz");
  EXPECT_EQ(options.outputdir, "/o");
  EXPECT_EQ(options.exit_profiles, std::vector<std::string>{"allocs"});
  EXPECT_EQ(options.interval_ns, 30'000'000'000);
  EXPECT_EQ(options.keep, 7);
  EXPECT_EQ(options.only, (std::vector<std::string>{"redis-*", "nginx"}));
  EXPECT_EQ(options.log, "stderr");
  EXPECT_EQ(options.log_level, LogLevel::kDebug);
}

TEST(ParseEnvironment, KeepsTheDefaultOfABadValueAndSaysSo) {
  struct Case {
    const char* entry;
    const char* problem;
  };
  const Case cases[] = {
      {"PPROFAGENT_HEAP_RATE=lots",
       "PPROFAGENT_HEAP_RATE=\"lots\" is not a size such as 4096, 512k or 1M; using 512k"},
      {"PPROFAGENT_CPU_RATE=0",
       "PPROFAGENT_CPU_RATE=\"0\" is not a number from 1 to 4000; "
       "using 100"},
      {"PPROFAGENT_CPU_RATE=4001",
       "PPROFAGENT_CPU_RATE=\"4001\" is not a number from 1 to 4000; using 100"},
      {"PPROFAGENT_STACK_DEPTH=1025",
       "PPROFAGENT_STACK_DEPTH=\"1025\" is not a number from 1 to 1024; using 128"},
      {"PPROFAGENT_UNWINDER=tables",
       "PPROFAGENT_UNWINDER=\"tables\" is not one of auto, fp, libunwind; using auto"},
      {"PPROFAGENT_DIR=",
       "PPROFAGENT_DIR=\"\" is not the path of a directory; using "
       "/tmp/pprofagent-%u"},
      {"PPROFAGENT_INTERVAL=1ms",
       "PPROFAGENT_INTERVAL=\"1ms\" is not off, or a duration from 100ms on, such as 500ms, 30s "
       "or 10m; using off"},
  };
  for (const Case& each : cases) {
    const ParsedOptions parsed = Parse({each.entry});
    ASSERT_EQ(parsed.problems.size(), 1u) << each.entry;
    EXPECT_EQ(parsed.problems[0], each.problem);
    EXPECT_EQ(parsed.options.cpu_rate, 100);
    EXPECT_EQ(parsed.options.mutex_fraction, 1);
    EXPECT_EQ(parsed.options.block_rate, 1'000'000);
    EXPECT_EQ(parsed.options.heap_rate, 524288);
    EXPECT_EQ(parsed.options.dir, "/tmp/pprofagent-%u");
  }
}

TEST(ParseEnvironment, SaysOneLineOfPrintableCharacters) {
  const std::string entry = "PPROFAGENT_KEEP=a\nb\x1b" + std::string(1000, 'x');
  const ParsedOptions parsed = Parse({entry.c_str()});
  ASSERT_EQ(parsed.problems.size(), 1u);
  EXPECT_EQ(parsed.problems[0].find('\n'), std::string::npos);
  EXPECT_EQ(parsed.problems[0].find('\x1b'), std::string::npos);
  EXPECT_LT(parsed.problems[0].size(), 300u);
}

TEST(ParseEnvironment, NamesTheNearestOptionOfAnUnknownName) {
  const ParsedOptions parsed = Parse({"PPROFAGENT_HEAPRATE=1", "PPROFAGENT_FLUX_CAPACITOR=1"});
  ASSERT_EQ(parsed.problems.size(), 2u);
  EXPECT_EQ(parsed.problems[0],
            "PPROFAGENT_HEAPRATE is not an option of the agent and has no effect; did you mean "
            "PPROFAGENT_HEAP_RATE?");
  EXPECT_EQ(parsed.problems[1],
            "PPROFAGENT_FLUX_CAPACITOR is not an option of the agent and has no effect");
}

TEST(ParseEnvironment, CountsTheFirstOfADoubleName) {
  const ParsedOptions parsed = Parse({"PPROFAGENT_KEEP=5", "PPROFAGENT_KEEP=9"});
  EXPECT_EQ(parsed.options.keep, 5);
}

TEST(ParseEnvironment, IgnoresEntriesThatAreNotVariables) {
  const ParsedOptions parsed = Parse({"PPROFAGENT_KEEP", "", "="});
  EXPECT_TRUE(parsed.problems.empty());
}

}  // namespace
}  // namespace pprofagent::service
