// SPDX-License-Identifier: Apache-2.0
#include "agent/service/profile/recording.h"

#include <gtest/gtest.h>

#include "agent/service/profile/kinds.h"
#include "agent/service/sink/byte_stream.h"
#include "tests/unit/agent/service/support/fake_hot.h"

namespace pprofagent::service {
namespace {

RecordedSample Sample(const hot::StackView& stack, uintptr_t identity,
                      const std::array<int64_t, kMaxSampleTypes>& values) {
  return {.stack = stack, .identity = identity, .values = values};
}

TEST(Recording, DifferenceIsByStackAndIdentity) {
  const hot::StackView a = fake_hot::Stack({0x10});
  const hot::StackView b = fake_hot::Stack({0x20});
  const Recording before = {.kind = &SpecOf(Kind::kHeap),
                            .samples = {Sample(a, 1, {5, 50, 5, 50}), Sample(a, 2, {1, 8, 1, 8}),
                                        Sample(b, 0, {3, 3, 3, 3})},
                            .time_ns = 1000};
  const Recording now = {.kind = &SpecOf(Kind::kHeap),
                         .samples = {Sample(b, 0, {3, 3, 3, 3}), Sample(a, 2, {4, 32, 0, 0}),
                                     Sample(a, 1, {5, 50, 1, 10})},
                         .time_ns = 5000};
  const Recording delta = Since(before, now);
  EXPECT_EQ(delta.time_ns, 5000);
  EXPECT_EQ(delta.duration_ns, 4000);
  ASSERT_EQ(delta.samples.size(), 2u) << "what did not change says nothing";
  EXPECT_EQ(delta.samples[0].values, (std::array<int64_t, 4>{0, 0, -4, -40}));
  EXPECT_EQ(delta.samples[1].values, (std::array<int64_t, 4>{3, 24, -1, -8}));
}

TEST(Recording, DifferenceShowsWhatHasGone) {
  const hot::StackView a = fake_hot::Stack({0x10});
  const Recording before = {.samples = {Sample(a, 0, {2}), Sample(a, 0, {3})}};
  const Recording delta = Since(before, Recording{.samples = {Sample(a, 0, {1})}});
  ASSERT_EQ(delta.samples.size(), 1u);
  EXPECT_EQ(delta.samples[0].values[0], -4);
}

TEST(Recording, LabelsOfTheProgramComeWithTheStack) {
  fake_hot::Reset();
  fake_hot::AddLabels(7, {{"path", "/"}, {"user", "alice"}});
  hot::StackView stack = fake_hot::Stack({0x10});
  EXPECT_TRUE(ProgramLabels(stack).empty());
  stack.labels = 7;
  const std::vector<SampleLabel> labels = ProgramLabels(stack);
  ASSERT_EQ(labels.size(), 2u);
  EXPECT_EQ(labels[1].key, "user");
  EXPECT_EQ(labels[1].text, "alice");
}

TEST(Recording, ProtobufHasTheKindsLabelsAndTheProgramsOwn) {
  fake_hot::Reset();
  fake_hot::AddLabels(7, {{"user", "alice"}});
  Recording recording = {.kind = &SpecOf(Kind::kThreadCreate),
                         .samples = {Sample(fake_hot::Stack({0x10}), 0, {1})}};
  recording.samples[0].labels = {{.key = "kind", .text = "mutex"}};
  recording.samples[0].stack.labels = 7;
  const Options options;
  StringStream stream;
  ASSERT_TRUE(WriteProto(recording, {&options, "cfi"}, &stream).ok());
  const std::string bytes = stream.contents();
  for (const char* text : {"kind", "mutex", "user", "alice"}) {
    EXPECT_NE(bytes.find(text), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace pprofagent::service
