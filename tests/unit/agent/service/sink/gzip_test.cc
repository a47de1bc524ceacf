// SPDX-License-Identifier: Apache-2.0
#include "agent/service/sink/gzip.h"

#include <gtest/gtest.h>

#include <cstdint>

#include "tests/unit/agent/service/support/profile_reader.h"

namespace pprofagent::service {
namespace {

std::string Compressed(const std::vector<std::string>& parts) {
  StringStream below;
  GzipStream gzip(&below);
  for (const std::string& part : parts) EXPECT_TRUE(gzip.Write(part).ok());
  EXPECT_TRUE(gzip.Finish().ok());
  return below.contents();
}

TEST(GzipStream, RoundTrips) {
  EXPECT_EQ(test::Gunzip(Compressed({})), "");
  EXPECT_EQ(test::Gunzip(Compressed({"a", "", "b"})), "ab");
  std::string varied;
  for (uint32_t i = 0; i < 300'000; ++i) varied += static_cast<char>(i * i % 251);
  EXPECT_EQ(test::Gunzip(Compressed({varied, varied})), varied + varied);
}

TEST(GzipStream, Compresses) {
  EXPECT_LT(Compressed({std::string(1'000'000, 'x')}).size(), 10'000u);
}

class FailingStream final : public ByteStream {
 public:
  Status Write(std::string_view) override {
    ++calls;
    return Status::Error("full");
  }
  int calls = 0;
};

TEST(GzipStream, PassesFailuresOnAndStops) {
  FailingStream below;
  GzipStream gzip(&below);
  Status status;
  for (int i = 0; i < 1000 && status.ok(); ++i) {
    std::string noise;
    for (int j = 0; j < 10'000; ++j) noise += static_cast<char>(rand());
    status = gzip.Write(noise);
  }
  EXPECT_EQ(status.text(), "full");
  EXPECT_EQ(below.calls, 1);
  EXPECT_EQ(gzip.Write("more").text(), "full");
  EXPECT_EQ(gzip.Finish().text(), "full");
  EXPECT_EQ(below.calls, 1);
}

class SecondTimeFailingStream final : public ByteStream {
 public:
  Status Write(std::string_view) override {
    return calls++ == 0 ? Status() : Status::Error("full");
  }
  int calls = 0;
};

TEST(GzipStream, FailsInFinishToo) {
  SecondTimeFailingStream below;
  GzipStream gzip(&below);
  EXPECT_TRUE(gzip.Write("short").ok());
  EXPECT_EQ(gzip.Finish().text(), "full");
}

}  // namespace
}  // namespace pprofagent::service
