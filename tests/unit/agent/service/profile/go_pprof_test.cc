// SPDX-License-Identifier: Apache-2.0
//
// What the agent writes, read by Debian's own `go tool pprof`.
#include <gtest/gtest.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <array>
#include <memory>

#include "agent/service/options/environment.h"
#include "agent/service/profile/cpu_profile.h"
#include "agent/service/profile/heap_profile.h"
#include "agent/service/sink/named_file.h"
#include "tests/unit/agent/service/support/fake_hot.h"
#include "tests/unit/agent/service/support/scratch_directory.h"

namespace pprofagent::service {
namespace {

std::string Output(const std::string& command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  std::string output;
  std::array<char, 4096> chunk;
  while (fgets(chunk.data(), chunk.size(), pipe.get()) != nullptr) output += chunk.data();
  return output;
}

class GoPprofTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(system("command -v go >/dev/null"), 0) << "go is not installed";
    fake_hot::Reset();
  }

  std::string Raw(const std::string& file) const {
    return Output("HOME=" + scratch_.path() + " go tool pprof -raw -symbolize=none " + file +
                  " 2>&1");
  }

  bool Has(const std::string& raw, const std::string& text) const {
    return raw.find(text) != std::string::npos;
  }

  test::ScratchDirectory scratch_;
  Options options_ = DefaultOptions();
};

TEST_F(GoPprofTest, ReadsAHeapProfile) {
  fake_hot::AddHeapSample({fake_hot::Stack({0x1234, 0x5678}), 4096, 10, 40960, 4, 16384});
  const auto produce = [this](ByteStream* stream) {
    return WriteProto(RecordHeap(SpecOf(Kind::kAllocs), {}), {&options_, "fp"}, stream);
  };
  ASSERT_TRUE(WriteNamedFile({scratch_ / "allocs.pb.gz"}, produce).ok());
  const std::string raw = Raw(scratch_ / "allocs.pb.gz");
  EXPECT_TRUE(Has(raw, "PeriodType: space bytes")) << raw;
  EXPECT_TRUE(Has(raw, "Period: 524288")) << raw;
  EXPECT_TRUE(Has(raw,
                  "alloc_objects/count alloc_space/bytes[dflt] inuse_objects/count "
                  "inuse_space/bytes"))
      << raw;
  EXPECT_TRUE(Has(raw, "40960          4      16384: 1 2")) << raw;
  EXPECT_TRUE(Has(raw, "bytes:[4096 bytes]")) << raw;
  EXPECT_TRUE(Has(raw, "agent_service_profile_test")) << raw;
}

TEST_F(GoPprofTest, ReadsACpuProfile) {
  CpuInterval interval;
  interval.Begin(100);
  fake_hot::AddCpuSample(fake_hot::Stack({0x1234}), 3, 30'000'000);
  interval.Stop();
  const auto produce = [this, &interval](ByteStream* stream) {
    return WriteProto(interval.Record(), {&options_, "fp"}, stream);
  };
  ASSERT_TRUE(WriteNamedFile({scratch_ / "cpu.pb.gz"}, produce).ok());
  const std::string raw = Raw(scratch_ / "cpu.pb.gz");
  EXPECT_TRUE(Has(raw, "samples/count cpu/nanoseconds")) << raw;
  EXPECT_TRUE(Has(raw, "3   30000000: 1")) << raw;
  EXPECT_TRUE(Has(raw, "Duration: ")) << raw;
}

}  // namespace
}  // namespace pprofagent::service
