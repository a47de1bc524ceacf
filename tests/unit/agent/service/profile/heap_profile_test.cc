// SPDX-License-Identifier: Apache-2.0
#include "agent/service/profile/heap_profile.h"

#include <gtest/gtest.h>

#include "agent/service/base/clock.h"
#include "agent/service/options/environment.h"
#include "tests/unit/agent/service/support/fake_hot.h"
#include "tests/unit/agent/service/support/profile_reader.h"

namespace pprofagent::service {
namespace {

using perftools::profiles::Profile;

class HeapProfileTest : public testing::Test {
 protected:
  void SetUp() override { fake_hot::Reset(); }

  Profile Write(Kind kind) {
    StringStream stream;
    const Status status = WriteProto(RecordHeap(SpecOf(kind), {}), {&options_, "fp"}, &stream);
    EXPECT_TRUE(status.ok()) << status.text();
    return test::Decode(stream.contents());
  }

  Options options_ = DefaultOptions();
};

TEST_F(HeapProfileTest, WritesWhatIsRecorded) {
  const auto here = reinterpret_cast<uintptr_t>(&RecordHeap);
  fake_hot::AddHeapSample({fake_hot::Stack({here, 0x10}), 4096, 10, 40960, 4, 16384});
  fake_hot::AddHeapSample({fake_hot::Stack({here}), 16, 0, 0, 0, 0});
  const int64_t before = WallClock();
  const Profile profile = Write(Kind::kHeap);
  ASSERT_EQ(profile.sample_size(), 1) << "a sample without values says nothing";
  const auto& sample = profile.sample(0);
  EXPECT_EQ(std::vector<int64_t>(sample.value().begin(), sample.value().end()),
            (std::vector<int64_t>{10, 40960, 4, 16384}));
  EXPECT_EQ(sample.label(0).num(), 4096);
  EXPECT_EQ(profile.location(0).address(), here);
  EXPECT_EQ(profile.location(0).mapping_id(), 1u) << "the main program's mapping is the first";
  EXPECT_EQ(profile.location(1).mapping_id(), 0u);
  EXPECT_EQ(test::TypeText(profile, profile.period_type()), "space/bytes");
  EXPECT_EQ(profile.period(), 524288);
  EXPECT_EQ(profile.duration_nanos(), 0);
  EXPECT_GE(profile.time_nanos(), before);
  EXPECT_LE(profile.time_nanos(), WallClock());
}

TEST_F(HeapProfileTest, HeapAndAllocsDifferInTheDefault) {
  const Profile heap = Write(Kind::kHeap);
  const Profile allocs = Write(Kind::kAllocs);
  for (const Profile& profile : {heap, allocs}) {
    std::string types;
    for (const auto& type : profile.sample_type()) types += test::TypeText(profile, type) + " ";
    EXPECT_EQ(types,
              "alloc_objects/count alloc_space/bytes inuse_objects/count inuse_space/bytes ");
  }
  EXPECT_EQ(heap.default_sample_type(), 0);
  EXPECT_EQ(test::Text(allocs, allocs.default_sample_type()), "alloc_space");
}

TEST_F(HeapProfileTest, CountsWhatItLacks) {
  hot::StackView deep = fake_hot::Stack({0x10});
  deep.truncated = true;
  fake_hot::AddHeapSample({deep, 16, 1, 16, 0, 0});
  hot::Drops drops{};
  drops.stack_table_full = 7;
  fake_hot::SetDrops(drops);
  const std::string comments = test::CommentText(Write(Kind::kHeap));
  EXPECT_NE(comments.find("heap sampling rate: 524288 bytes\n"), std::string::npos) << comments;
  EXPECT_NE(comments.find("cut: 1 stacks"), std::string::npos) << comments;
  EXPECT_NE(comments.find("dropped: 7 samples, stack table full"), std::string::npos) << comments;
}

}  // namespace
}  // namespace pprofagent::service
