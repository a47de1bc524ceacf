// SPDX-License-Identifier: Apache-2.0
//
// Decoding and encoding, against libprotobuf's idea of the format.
#include <gtest/gtest.h>

#include "profile.pb.h"
#include "tests/unit/tools/example_profile.h"
#include "tools/profile/decode.h"
#include "tools/profile/encode.h"

namespace cpprof::profile {
namespace {

using perftools::profiles::Profile;

std::string StringOf(const Profile& message, int64_t index) {
  return message.string_table(static_cast<int>(index));
}

// A valid profile with one sample, to be spoiled.
Profile Minimal() {
  Profile message;
  for (const char* text : {"", "cpu", "ns", "f", "f.cc", "key", "value"}) {
    message.add_string_table(text);
  }
  auto* type = message.add_sample_type();
  type->set_type(1);
  type->set_unit(2);
  auto* function = message.add_function();
  function->set_id(7);
  function->set_name(3);
  function->set_filename(4);
  auto* location = message.add_location();
  location->set_id(1ull << 60);
  location->set_address(0x1234);
  location->add_line()->set_function_id(7);
  auto* sample = message.add_sample();
  sample->add_location_id(1ull << 60);
  sample->add_value(-5);
  return message;
}

DecodeResult DecodeMessage(const Profile& message, profile::Profile* profile) {
  return Decode(message.SerializeAsString(), profile);
}

TEST(CodecTest, DecodesWhatLibprotobufWrites) {
  Profile message = Minimal();
  auto* label = message.mutable_sample(0)->add_label();
  label->set_key(5);
  label->set_str(6);
  profile::Profile profile;
  ASSERT_EQ(DecodeMessage(message, &profile).outcome, DecodeOutcome::kDecoded);
  ASSERT_EQ(profile.samples.size(), 1u);
  EXPECT_EQ(profile.samples.Values(0)[0], -5);
  EXPECT_EQ(ShowSamples(profile), "f -5\n");
  EXPECT_EQ(profile.locations[0].id, 1ull << 60);
  EXPECT_EQ(profile.locations[0].address, 0x1234u);
  ASSERT_EQ(profile.samples.Labels(0).size(), 1u);
  EXPECT_EQ(profile.Text(profile.samples.Labels(0)[0].text), "value");
}

TEST(CodecTest, EncodesWhatLibprotobufReads) {
  const profile::Profile profile = ExampleProfile();
  Profile message;
  ASSERT_TRUE(message.ParseFromString(Encode(profile)));
  ASSERT_EQ(message.sample_size(), 3);
  EXPECT_EQ(message.sample(1).value(1), 100);
  ASSERT_EQ(message.sample(1).label_size(), 2);
  // Text first, then numbers.
  EXPECT_EQ(StringOf(message, message.sample(1).label(0).str()), "eve");
  EXPECT_EQ(message.sample(1).label(1).num(), 2048);
  EXPECT_EQ(StringOf(message, message.sample(1).label(1).num_unit()), "bytes");
  EXPECT_EQ(StringOf(message, message.mapping(0).filename()), "/bin/example");
  EXPECT_EQ(message.string_table(0), "");
}

TEST(CodecTest, RoundTripKeepsEverything) {
  profile::Profile profile = ExampleProfile();
  profile.time_nanos = 123;
  profile.duration_nanos = 456;
  profile.period = 789;
  profile.period_type = {profile.Intern("cpu"), profile.Intern("nanoseconds")};
  profile.comments = {profile.Intern("a comment")};
  profile.doc_url = profile.Intern("https://example.com");
  const std::string once = Encode(profile);
  profile::Profile again;
  ASSERT_EQ(Decode(once, &again).outcome, DecodeOutcome::kDecoded);
  EXPECT_EQ(Encode(again), once);
}

TEST(CodecTest, NumberZeroWithoutUnitIsNoLabel) {
  Profile message = Minimal();
  message.mutable_sample(0)->add_label()->set_key(5);
  profile::Profile profile;
  ASSERT_EQ(DecodeMessage(message, &profile).outcome, DecodeOutcome::kDecoded);
  EXPECT_FALSE(profile.samples.has_labels());
}

TEST(CodecTest, NothingIsEmptyAndGarbageIsNoProfile) {
  profile::Profile profile;
  EXPECT_EQ(Decode("", &profile).outcome, DecodeOutcome::kEmpty);
  EXPECT_EQ(Decode("\xff\xff\xff", &profile).outcome, DecodeOutcome::kNotAProfile);
  EXPECT_EQ(Decode("<html></html>", &profile).outcome, DecodeOutcome::kNotAProfile);
}

TEST(CodecTest, EveryTruncationIsAnErrorOrAPrefix) {
  const std::string bytes = Encode(ExampleProfile());
  for (size_t size = 0; size < bytes.size(); ++size) {
    profile::Profile profile;
    // Must not crash; a cut between two fields may leave a valid, smaller profile.
    const DecodeResult result = Decode(std::string_view(bytes).substr(0, size), &profile);
    EXPECT_EQ(result.outcome == DecodeOutcome::kDecoded, result.message.empty()) << size;
  }
}

TEST(CodecTest, SecondTimeMeansTwoProfiles) {
  Profile message = Minimal();
  message.set_time_nanos(5);
  const std::string one = message.SerializeAsString();
  profile::Profile profile;
  EXPECT_EQ(Decode(one + one, &profile).outcome, DecodeOutcome::kConcatenated);
}

TEST(CodecTest, StringIndexesMustExist) {
  Profile message = Minimal();
  message.mutable_function(0)->set_name(100);
  profile::Profile profile;
  EXPECT_EQ(DecodeMessage(message, &profile).outcome, DecodeOutcome::kNotAProfile);
  message.mutable_function(0)->set_name(-1);
  EXPECT_EQ(DecodeMessage(message, &profile).outcome, DecodeOutcome::kNotAProfile);
}

TEST(CodecTest, FirstStringMustBeEmpty) {
  Profile message = Minimal();
  message.set_string_table(0, "x");
  profile::Profile profile;
  EXPECT_EQ(DecodeMessage(message, &profile).outcome, DecodeOutcome::kNotAProfile);
}

struct Contradiction {
  const char* message;
  void (*spoil)(Profile* profile);
};

class ContradictionTest : public testing::TestWithParam<Contradiction> {};

TEST_P(ContradictionTest, IsNamed) {
  Profile message = Minimal();
  GetParam().spoil(&message);
  profile::Profile profile;
  const DecodeResult result = DecodeMessage(message, &profile);
  EXPECT_EQ(result.outcome, DecodeOutcome::kInconsistent);
  EXPECT_EQ(result.message, GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    CodecTest, ContradictionTest,
    testing::Values(Contradiction{"missing sample type information",
                                  [](Profile* p) { p->clear_sample_type(); }},
                    Contradiction{"mismatch: sample has 2 values vs. 1 types",
                                  [](Profile* p) { p->mutable_sample(0)->add_value(1); }},
                    Contradiction{"sample has nil location",
                                  [](Profile* p) { p->mutable_sample(0)->add_location_id(9); }},
                    Contradiction{"found mapping with reserved ID=0",
                                  [](Profile* p) { p->add_mapping(); }},
                    Contradiction{"multiple functions with same id: 7",
                                  [](Profile* p) { p->add_function()->set_id(7); }},
                    Contradiction{"location id: 1152921504606846976 has a line with nil function",
                                  [](Profile* p) { p->mutable_location(0)->add_line(); }},
                    Contradiction{"multiple locations with same id: 1152921504606846976",
                                  [](Profile* p) { p->add_location()->set_id(1ull << 60); }}));

}  // namespace
}  // namespace cpprof::profile
