// SPDX-License-Identifier: Apache-2.0
#include "agent/service/profile/encoder.h"

#include <gtest/gtest.h>

#include <array>
#include <set>

#include "tests/unit/agent/service/support/profile_reader.h"

namespace pprofagent::service {
namespace {

using perftools::profiles::Profile;
using test::Text;
using test::TypeText;

Mappings TwoMappings() {
  return Mappings::Parse(
      "1000-2000 r-xp 00003000 fe:01 11    /bin/app\n"
      "5000-6000 r-xp 00000000 fe:01 22    /lib/x.so\n",
      0x1000, [](const MapsLine& line, uint64_t) {
        return line.file == "/bin/app" ? std::string("abcd") : std::string();
      });
}

class EncoderTest : public testing::Test {
 protected:
  Profile Finish() {
    const Status status = encoder_.Finish(header_);
    EXPECT_TRUE(status.ok()) << status.text();
    return test::Decode(stream_.contents());
  }

  StringStream stream_;
  Mappings mappings_ = TwoMappings();
  ProfileEncoder encoder_{&stream_, mappings_};
  ProfileHeader header_;
};

TEST_F(EncoderTest, WritesTheHeader) {
  const ValueType types[] = {{"samples", "count"}, {"cpu", "nanoseconds"}};
  encoder_.SampleTypes(types);
  header_.period_type = {"cpu", "nanoseconds"};
  header_.period = 10'000'000;
  header_.time_ns = 1'700'000'000'000'000'000;
  header_.duration_ns = 5'000'000'000;
  header_.default_sample_type = "cpu";
  header_.comments = {"first", "second", "first"};
  const Profile profile = Finish();
  ASSERT_EQ(profile.sample_type_size(), 2);
  EXPECT_EQ(TypeText(profile, profile.sample_type(0)), "samples/count");
  EXPECT_EQ(TypeText(profile, profile.sample_type(1)), "cpu/nanoseconds");
  EXPECT_EQ(TypeText(profile, profile.period_type()), "cpu/nanoseconds");
  EXPECT_EQ(profile.period(), 10'000'000);
  EXPECT_EQ(profile.time_nanos(), 1'700'000'000'000'000'000);
  EXPECT_EQ(profile.duration_nanos(), 5'000'000'000);
  EXPECT_EQ(Text(profile, profile.default_sample_type()), "cpu");
  EXPECT_EQ(test::CommentText(profile), "first\nsecond\nfirst\n");
}

TEST_F(EncoderTest, WritesEachStringOnce) {
  header_.comments = {"cpu", "again", "again"};
  header_.period_type = {"cpu", "cpu"};
  const Profile profile = Finish();
  EXPECT_EQ(profile.string_table(0), "");
  std::set<std::string> distinct(profile.string_table().begin(), profile.string_table().end());
  EXPECT_EQ(static_cast<int>(distinct.size()), profile.string_table_size());
}

TEST_F(EncoderTest, WritesMappings) {
  const Profile profile = Finish();
  ASSERT_EQ(profile.mapping_size(), 2);
  EXPECT_EQ(profile.mapping(0).id(), 1u);
  EXPECT_EQ(profile.mapping(0).memory_start(), 0x1000u);
  EXPECT_EQ(profile.mapping(0).memory_limit(), 0x2000u);
  EXPECT_EQ(profile.mapping(0).file_offset(), 0x3000u);
  EXPECT_EQ(Text(profile, profile.mapping(0).filename()), "/bin/app");
  EXPECT_EQ(Text(profile, profile.mapping(0).build_id()), "abcd");
  EXPECT_EQ(profile.mapping(1).id(), 2u);
  EXPECT_EQ(profile.mapping(1).build_id(), 0);
}

TEST_F(EncoderTest, SharesLocationsBetweenSamples) {
  const uintptr_t first[] = {0x1500, 0x5500, 0x1600};
  const uintptr_t second[] = {0x5500, 0xdead};
  encoder_.Sample(first, std::array<int64_t, 2>{1, 10});
  encoder_.Sample(second, std::array<int64_t, 2>{-2, 20});
  const Profile profile = Finish();
  ASSERT_EQ(profile.location_size(), 4);
  const uint64_t addresses[] = {0x1500, 0x5500, 0x1600, 0xdead};
  const uint64_t mapping_ids[] = {1, 2, 1, 0};
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(profile.location(i).id(), static_cast<uint64_t>(i + 1));
    EXPECT_EQ(profile.location(i).address(), addresses[i]);
    EXPECT_EQ(profile.location(i).mapping_id(), mapping_ids[i]);
  }
  ASSERT_EQ(profile.sample_size(), 2);
  const auto& sample = profile.sample(1);
  EXPECT_EQ(std::vector<uint64_t>(sample.location_id().begin(), sample.location_id().end()),
            (std::vector<uint64_t>{2, 4}));
  EXPECT_EQ(std::vector<int64_t>(sample.value().begin(), sample.value().end()),
            (std::vector<int64_t>{-2, 20}));
}

TEST_F(EncoderTest, MakesAMarkAFrameWithAName) {
  const uintptr_t cut[] = {0x1500, hot::MarkWord(hot::FrameMark::kTruncated)};
  const uintptr_t lost[] = {0x1500, hot::MarkWord(hot::FrameMark::kNoRule)};
  const uintptr_t broken[] = {0x5500, hot::MarkWord(hot::FrameMark::kBrokenStack)};
  for (const auto& stack : {std::span(cut), std::span(lost), std::span(lost), std::span(broken)}) {
    encoder_.Sample(stack, std::array<int64_t, 1>{1});
  }
  EXPECT_EQ(encoder_.Marked(hot::FrameMark::kTruncated), 1u);
  EXPECT_EQ(encoder_.Marked(hot::FrameMark::kNoRule), 2u);
  EXPECT_EQ(encoder_.Marked(hot::FrameMark::kBrokenStack), 1u);
  const Profile profile = Finish();
  ASSERT_EQ(profile.function_size(), 3);
  std::set<std::string> names;
  for (const auto& function : profile.function()) {
    names.insert(Text(profile, function.name()));
    EXPECT_EQ(function.name(), function.system_name());
  }
  EXPECT_EQ(names,
            (std::set<std::string>{"[truncated]", "[no unwind information]", "[broken stack]"}));
  for (const auto& sample : profile.sample()) {
    const auto& outermost = profile.location(static_cast<int>(sample.location_id(1)) - 1);
    EXPECT_EQ(outermost.mapping_id(), 0u);
    EXPECT_EQ(outermost.address(), 0u);
    ASSERT_EQ(outermost.line_size(), 1);
    EXPECT_GE(outermost.line(0).function_id(), 1u);
    EXPECT_LE(outermost.line(0).function_id(), 3u);
  }
}

TEST_F(EncoderTest, WritesMappingsThatAreGoneOnlyForFramesInThem) {
  const KnownCode known[] = {{0x8000, 0x9000, 0x1000, 0, "/gone/used.so", "11"},
                             {0xa000, 0xb000, 0x1000, 0, "/gone/unused.so", "22"}};
  mappings_.AddHistory(known);
  encoder_.Sample(std::array<uintptr_t, 2>{0x8123, 0x1500}, std::array<int64_t, 1>{1});
  const Profile profile = Finish();
  ASSERT_EQ(profile.mapping_size(), 3);
  EXPECT_EQ(Text(profile, profile.mapping(2).filename()), "/gone/used.so");
  EXPECT_EQ(profile.location(0).mapping_id(), profile.mapping(2).id());
}

TEST_F(EncoderTest, KeepsFramesOfTwoObjectsAtOneAddressApart) {
  const KnownCode known[] = {{0x8000, 0x9000, 0x1000, 0, "/first.so", "11"},
                             {0x8000, 0x9000, 0x1000, 1, "/second.so", "22"}};
  mappings_.AddHistory(known);
  const uintptr_t second = 0x8123 | (uintptr_t{1} << hot::kFrameAddressBits);
  encoder_.Sample(std::array<uintptr_t, 2>{0x8123, second}, std::array<int64_t, 1>{1});
  const Profile profile = Finish();
  ASSERT_EQ(profile.location_size(), 2);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(profile.location(i).address(), 0x8123u);
    const auto& mapping = profile.mapping(static_cast<int>(profile.location(i).mapping_id()) - 1);
    EXPECT_EQ(Text(profile, mapping.filename()), i == 0 ? "/first.so" : "/second.so");
  }
}

TEST_F(EncoderTest, WritesLabels) {
  const uintptr_t stack[] = {0x1500};
  const SampleLabel labels[] = {{"bytes", "", 4096, "bytes"}, {"kind", "mutex"}};
  encoder_.Sample(stack, std::array<int64_t, 1>{1}, labels);
  const Profile profile = Finish();
  ASSERT_EQ(profile.sample(0).label_size(), 2);
  EXPECT_EQ(Text(profile, profile.sample(0).label(1).key()), "kind");
  EXPECT_EQ(Text(profile, profile.sample(0).label(1).str()), "mutex");
  EXPECT_EQ(Text(profile, profile.sample(0).label(0).key()), "bytes");
  EXPECT_EQ(profile.sample(0).label(0).num(), 4096);
  EXPECT_EQ(Text(profile, profile.sample(0).label(0).num_unit()), "bytes");
}

TEST_F(EncoderTest, WritesManyLocations) {
  constexpr int kMany = 50'000;
  for (int i = 0; i < kMany; ++i) {
    const uintptr_t stack[] = {static_cast<uintptr_t>(0x100000 + i)};
    encoder_.Sample(stack, std::array<int64_t, 1>{i});
  }
  const Profile profile = Finish();
  ASSERT_EQ(profile.location_size(), kMany);
  ASSERT_EQ(profile.sample_size(), kMany);
  EXPECT_EQ(profile.location(kMany - 1).address(), 0x100000u + kMany - 1);
}

class FailingStream final : public ByteStream {
 public:
  Status Write(std::string_view) override {
    ++calls;
    return Status::Error("full");
  }
  int calls = 0;
};

TEST(Encoder, TellsTheFirstFailureAndWritesNoMore) {
  FailingStream stream;
  const Mappings mappings = TwoMappings();
  ProfileEncoder encoder(&stream, mappings);
  encoder.SampleTypes(SpecOf(Kind::kHeap).sample_types);
  EXPECT_EQ(encoder.Finish({}).text(), "full");
  EXPECT_EQ(stream.calls, 1);
}

}  // namespace
}  // namespace pprofagent::service
