// SPDX-License-Identifier: Apache-2.0
#include "tools/elf/mapping_base.h"

#include <elf.h>
#include <gtest/gtest.h>

namespace cpprof::elf {
namespace {

Segment Load(uint64_t offset, uint64_t address, uint64_t size) {
  return {offset, address, size, size, true};
}

uint64_t Base(uint16_t type, const std::optional<Segment>& segment, const MappingRange& range) {
  const auto base = BaseForSegment(type, segment, range);
  EXPECT_TRUE(base.ok()) << base.message();
  return base.ok() ? *base : ~uint64_t{0};
}

TEST(BaseForSegment, MadeUpMappingNeedsNoAdjustment) {
  EXPECT_EQ(Base(ET_DYN, Load(0x1000, 0x1000, 0x100), {0, ~uint64_t{0}, 0, {}}), 0u);
  EXPECT_EQ(Base(ET_EXEC, Load(0, 0x400000, 0x100), {0, 0, 0, {}}), 0u);
}

TEST(BaseForSegment, UserPrograms) {
  // Not position independent: mapped where it was linked.
  EXPECT_EQ(Base(ET_EXEC, Load(0, 0x400000, 0x5000), {0x400000, 0x405000, 0, {}}), 0u);
  // Position independent, text in the second segment.
  EXPECT_EQ(
      Base(ET_DYN, Load(0x1000, 0x1000, 0x2000), {0x555555556000, 0x555555558000, 0x1000, {}}),
      0x555555555000u);
  // Prelinked: addresses are not file offsets.
  EXPECT_EQ(Base(ET_DYN, Load(0, 0x4100000000, 0x1000), {0x7f0000000000, 0x7f0000001000, 0, {}}),
            0x7f0000000000 - 0x4100000000);
  // Address and offset differ by other than a page.
  EXPECT_EQ(Base(ET_DYN, Load(0xc80, 0x200c80, 0x1f0), {0x20300000, 0x20301000, 0x400, {}}),
            0x20300000 - 0x400 + 0xc80 - 0x200c80);
  EXPECT_EQ(Base(ET_DYN, std::nullopt, {0x5000, 0x6000, 0x1000, {}}), 0x4000u);
  EXPECT_EQ(Base(ET_REL, std::nullopt, {0x5000, 0x6000, 0, {}}), 0x5000u);
  EXPECT_FALSE(BaseForSegment(ET_REL, std::nullopt, {0x5000, 0x6000, 8, {}}).ok());
  EXPECT_FALSE(BaseForSegment(ET_CORE, std::nullopt, {0x5000, 0x6000, 0, {}}).ok());
}

TEST(BaseForSegment, KernelImages) {
  const Segment text = Load(0x200000, 0xffffffff81000000, 0xa00000);
  // Start is _stext, moved by address randomization.
  EXPECT_EQ(Base(ET_EXEC, text,
                 {0xffffffff9ae00198, 0xffffffff9b900000, 0, uint64_t{0xffffffff81000198}}),
            0x19e00000u);
  // Remapped to zero.
  EXPECT_EQ(Base(ET_EXEC, text, {0, 0x2f9fffff, 0, uint64_t{0xffffffff81000198}}),
            0 - uint64_t{0xffffffff81000198});
  EXPECT_EQ(Base(ET_EXEC, text, {0x198, 0x2f9fffff, 0, uint64_t{0xffffffff81000198}}),
            0x198 - uint64_t{0xffffffff81000198});
  EXPECT_EQ(Base(ET_EXEC, text, {0, 0x2f9fffff, 0, {}}), 0 - text.address);
}

TEST(SegmentsForMapping, ChoosesByOverlap) {
  const std::vector<Segment> segments = {{0, 0, 0x900, 0x900, false},
                                         Load(0x1000, 0x1000, 0x1800),
                                         {0x2800, 0x3800, 0x200, 0x800, false},
                                         {0x9999, 0x5000, 0, 0x10, false}};
  auto addresses = [&](uint64_t offset, uint64_t size) {
    std::vector<uint64_t> found;
    for (const Segment& segment : SegmentsForMapping(segments, offset, size)) {
      found.push_back(segment.address);
    }
    return found;
  };
  EXPECT_EQ(addresses(0, 0x1000), (std::vector<uint64_t>{0}));
  EXPECT_EQ(addresses(0x1000, 0x2000), (std::vector<uint64_t>{0x1000}));
  // The two share a page.
  EXPECT_EQ(addresses(0x2000, 0x1000), (std::vector<uint64_t>{0x1000, 0x3800}));
  EXPECT_EQ(addresses(0x20000, 0x1000), (std::vector<uint64_t>{}));
}

}  // namespace
}  // namespace cpprof::elf
