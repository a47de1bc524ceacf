// SPDX-License-Identifier: Apache-2.0
//
// Sections built byte by byte, given for objects that do not exist and asked for
// rules. That whole programs without .eh_frame are walked through is shown by
// single_step_test.cc.
#include "agent/hot/unwind/debug_frame.h"

#include <gtest/gtest.h>

#include <cstring>
#include <optional>
#include <random>
#include <vector>

#include "agent/hot/unwind/cfi.h"
#include "agent/hot/unwind/cfi_records.h"
#include "agent/hot/unwind/module_history.h"
#include "agent/hot/unwind/unwinder.h"
#include "agent/service/symbol/debug_frame.h"
#include "tests/unit/agent/hot/unwind/cfi_image.h"

namespace pprofagent::hot {
namespace {

using Bytes = std::vector<uint8_t>;

constexpr uint64_t kFileBegin = 0x400000;
constexpr uint64_t kFunction = 0x1200;  // from there
constexpr uint64_t kFunctionSize = 0x40;
enum class Form { k32Bit, k64Bit };

void Append(uint64_t value, size_t size, Bytes* to) {
  for (size_t i = 0; i < size; ++i) to->push_back(static_cast<uint8_t>(value >> (8 * i)));
}

void AppendRecord(Form form, const Bytes& record, Bytes* section) {
  if (form == Form::k64Bit) Append(UINT32_MAX, 4, section);
  Append(record.size(), form == Form::k64Bit ? 8 : 4, section);
  section->insert(section->end(), record.begin(), record.end());
}

struct Built {
  Bytes section;
  uint32_t fde;
};

// A CIE of this version, which says what every compiler's does, and one FDE.
Built Build(Form form, uint8_t version, const Bytes& program, uint8_t address_size = 8) {
  const size_t id_size = form == Form::k64Bit ? 8 : 4;
  Built built;
  // Not at the section's beginning: references count from there.
  AppendRecord(form, Bytes(id_size, 0xff), &built.section);
  const uint64_t cie_at = built.section.size();
  Bytes cie(id_size, 0xff);
  cie.insert(cie.end(), {version, 0});
  if (version == 4) cie.insert(cie.end(), {address_size, 0});
  cie.insert(cie.end(), {1, 0x78, 16, 0x0c, 7, 8, 0x90, 1});
  AppendRecord(form, cie, &built.section);
  built.fde = static_cast<uint32_t>(built.section.size());
  Bytes fde;
  Append(cie_at, id_size, &fde);
  Append(kFileBegin + kFunction, 8, &fde);
  Append(kFunctionSize, 8, &fde);
  fde.insert(fde.end(), program.begin(), program.end());
  AppendRecord(form, fde, &built.section);
  return built;
}

// A record for an object in memory of ours, as many as are wanted.
const ModuleRecord* NewRecord() {
  alignas(4096) static const uint8_t kNothing[4096] = {};
  static uint64_t number = uint64_t{1} << 40;
  ++number;
  // Of the two at this address the program, for which other tests look, is the first.
  FrameWordOf(reinterpret_cast<uintptr_t>(kNothing));
  return RecordModule({.identity = number,
                       .key = number,
                       .begin = kNothing,
                       .end = kNothing + sizeof(kNothing),
                       .build_id = {},
                       .name = "/nothing.so"});
}

const DebugFrame* Give(const Bytes& section, uint32_t fde) {
  const ModuleRecord* record = NewRecord();
  const DebugFrame::Row row{kFunction, fde};
  const GuardedBytes bytes(section);
  EXPECT_TRUE(GiveDebugFrame(record, {.rows = &row,
                                      .row_count = 1,
                                      .section = bytes.begin(),
                                      .section_bytes = section.size(),
                                      .file_begin = kFileBegin}));
  return record->debug_frame.load();
}

std::optional<FrameRules> RulesAt(const DebugFrame* frame, uint64_t offset) {
  CfiModule module{};
  module.debug_frame = frame;
  FrameRules rules;
  if (!FindFrameRules(module, frame->module_begin + kFunction + offset, &rules)) {
    return std::nullopt;
  }
  return rules;
}

const Bytes kPush = {0x41, 0x0e, 16, 0x86, 2};  // after one byte: CFA rsp + 16

TEST(DebugFrameTest, GivesTheRulesWhereverTheObjectLies) {
  for (const Form form : {Form::k32Bit, Form::k64Bit}) {
    for (const uint8_t version : {1, 3, 4}) {
      SCOPED_TRACE(testing::Message() << "version " << int{version} << ", form " << int(form));
      const Built built = Build(form, version, kPush);
      const DebugFrame* frame = Give(built.section, built.fde);
      ASSERT_NE(frame, nullptr);
      std::optional<FrameRules> rules = RulesAt(frame, 0);
      ASSERT_TRUE(rules);
      EXPECT_EQ(rules->cfa_offset, 8);
      rules = RulesAt(frame, 1);
      ASSERT_TRUE(rules);
      EXPECT_EQ(rules->cfa_offset, 16);
      EXPECT_EQ(rules->frame_pointer.kind, RegisterRule::kAtCfa);
      EXPECT_TRUE(RulesAt(frame, kFunctionSize - 1));
      EXPECT_FALSE(RulesAt(frame, kFunctionSize));
      EXPECT_FALSE(RulesAt(frame, static_cast<uint64_t>(-1)));
      CfiModule module{};
      module.debug_frame = frame;
      EXPECT_EQ(FunctionBefore(module, frame->module_begin + 0x100000),
                frame->module_begin + kFunction);
      EXPECT_EQ(FunctionBefore(module, frame->module_begin), 0u);
    }
  }
}

TEST(DebugFrameTest, LocationsInProgramsAreThoseOfTheFile) {
  Bytes program = {0x01};  // set_loc
  Append(kFileBegin + kFunction + 8, 8, &program);
  program.insert(program.end(), {0x0e, 64});
  const Built built = Build(Form::k32Bit, 3, program);
  const DebugFrame* frame = Give(built.section, built.fde);
  ASSERT_NE(frame, nullptr);
  EXPECT_EQ(RulesAt(frame, 7)->cfa_offset, 8);
  EXPECT_EQ(RulesAt(frame, 8)->cfa_offset, 64);
}

TEST(DebugFrameTest, SaysNothingOfWhatItDoesNotUnderstand) {
  const Built narrow = Build(Form::k32Bit, 4, kPush, 4);
  EXPECT_FALSE(RulesAt(Give(narrow.section, narrow.fde), 0)) << "addresses of four bytes";
  const Built future = Build(Form::k32Bit, 5, kPush);
  EXPECT_FALSE(RulesAt(Give(future.section, future.fde), 0)) << "a version to come";
  const Built good = Build(Form::k32Bit, 3, kPush);
  EXPECT_FALSE(RulesAt(Give(good.section, 0), 0)) << "a CIE in place of a FDE";
  EXPECT_FALSE(RulesAt(Give(good.section, 1u << 30), 0)) << "beyond the section";
}

// Any byte changed, any end cut off: no read outside the section, which lies at
// an unreadable page here, and rules or none.
TEST(DebugFrameTest, AnyDamageIsSurvived) {
  std::mt19937 random(20);
  for (const Form form : {Form::k32Bit, Form::k64Bit}) {
    const Built built = Build(form, 4, kPush);
    const DebugFrame::Row row{kFunction, built.fde};
    for (int round = 0; round < 20'000; ++round) {
      Bytes section = built.section;
      for (uint32_t changes = random() % 4; changes > 0; --changes) {
        section[random() % section.size()] = static_cast<uint8_t>(random());
      }
      section.resize(section.size() - random() % 3 * (random() % section.size() / 2));
      const GuardedBytes bytes(section);
      const DebugFrame frame{&row, 1, bytes.begin(), bytes.end(), kFileBegin, 0};
      RulesAt(&frame, random() % kFunctionSize);
    }
  }
}

bool IsWanted(const ModuleRecord* record) {
  WantedDebugFrame wanted;
  return NextWantedDebugFrame(&wanted) && wanted.module == record;
}

TEST(DebugFrameTest, IsAskedForOnceAndToldOnce) {
  service::LoadWantedDebugFrames();  // what other tests have asked for
  const ModuleRecord* record = NewRecord();
  EXPECT_FALSE(IsWanted(record));
  WantDebugFrame(record);
  EXPECT_TRUE(TakeDebugFrameNews());
  EXPECT_FALSE(TakeDebugFrameNews());
  EXPECT_TRUE(IsWanted(record));
  EXPECT_TRUE(IsWanted(record)) << "until it is answered";
  RepeatDebugFrameNews();
  EXPECT_TRUE(TakeDebugFrameNews()) << "a child must hear of it too";
  EXPECT_TRUE(GiveDebugFrame(record, {}));
  EXPECT_FALSE(IsWanted(record));
  WantDebugFrame(record);
  RepeatDebugFrameNews();
  EXPECT_FALSE(TakeDebugFrameNews()) << "there is nothing to be had";
  EXPECT_EQ(record->debug_frame.load(), nullptr);
}

TEST(DebugFrameTest, AllOfThemTogetherHaveALimit) {
  const Built built = Build(Form::k32Bit, 3, kPush);
  const ModuleRecord* record = NewRecord();
  WantDebugFrame(record);
  const DebugFrame::Row row{kFunction, built.fde};
  const uint64_t bytes = DebugFrameBytes();
  const uint64_t refused = DebugFramesRefused();
  // Never read: it is known beforehand that it does not fit.
  EXPECT_FALSE(GiveDebugFrame(record, {.rows = &row,
                                       .row_count = 1,
                                       .section = built.section.data(),
                                       .section_bytes = kDebugFrameLimit,
                                       .file_begin = kFileBegin}));
  EXPECT_EQ(DebugFrameBytes(), bytes);
  EXPECT_EQ(DebugFramesRefused(), refused + 1);
  EXPECT_FALSE(IsWanted(record));
  EXPECT_NE(Give(built.section, built.fde), nullptr) << "a small one still fits";
  EXPECT_GT(DebugFrameBytes(), bytes);
}

}  // namespace
}  // namespace pprofagent::hot
