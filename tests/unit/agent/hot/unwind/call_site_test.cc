// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/unwind/call_site.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstring>
#include <vector>

namespace pprofagent::hot {
namespace {

// Some code, in a page after which there is none.
class CallSiteTest : public testing::Test {
 protected:
  static constexpr size_t kPage = 4096;

  void SetUp() override {
    memory_ = static_cast<uint8_t*>(
        mmap(nullptr, 2 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    mprotect(memory_ + kPage, kPage, PROT_NONE);
  }
  void TearDown() override { munmap(memory_, 2 * kPage); }

  uintptr_t At(size_t offset) const { return reinterpret_cast<uintptr_t>(memory_) + offset; }

  // Puts bytes there; the address after them.
  uintptr_t Put(size_t offset, const std::vector<uint8_t>& bytes) {
    memcpy(memory_ + offset, bytes.data(), bytes.size());
    return At(offset + bytes.size());
  }

  // An instruction that ends in the distance to `target`.
  uintptr_t PutRelative(size_t offset, std::vector<uint8_t> opcode, uintptr_t target) {
    const auto distance = static_cast<uint32_t>(target - At(offset + opcode.size() + 4));
    for (int i = 0; i < 4; ++i) opcode.push_back(static_cast<uint8_t>(distance >> (8 * i)));
    return Put(offset, opcode);
  }

  uintptr_t PutPointer(size_t offset, uintptr_t pointer) {
    memcpy(memory_ + offset, &pointer, sizeof(pointer));
    return At(offset);
  }

  uint8_t* memory_ = nullptr;
};

TEST_F(CallSiteTest, KnowsDirectCalls) {
  const Call call = CallBefore(PutRelative(100, {0xe8}, At(1000)));
  EXPECT_EQ(call.kind, Call::kDirect);
  EXPECT_EQ(call.target, At(1000));
  // Back, and at the end of what can be read.
  EXPECT_EQ(CallBefore(PutRelative(kPage - 5, {0xe8}, At(16))).target, At(16));
}

TEST_F(CallSiteTest, FollowsPltEntries) {
  const uintptr_t pointer = PutPointer(2048, 0x123456789abc);
  const std::vector<uint8_t> entries[] = {{0xff, 0x25},
                                          {0xf2, 0xff, 0x25},
                                          {0xf3, 0x0f, 0x1e, 0xfa, 0xff, 0x25},
                                          {0xf3, 0x0f, 0x1e, 0xfa, 0xf2, 0xff, 0x25}};
  for (const std::vector<uint8_t>& entry : entries) {
    PutRelative(1000, entry, pointer);
    const Call call = CallBefore(PutRelative(100, {0xe8}, At(1000)));
    EXPECT_EQ(call.kind, Call::kDirect);
    EXPECT_EQ(call.target, 0x123456789abcu) << entry.size();
  }
  // One whose pointer cannot be read is a function like any other.
  PutRelative(1000, {0xff, 0x25}, At(kPage));
  EXPECT_EQ(CallBefore(PutRelative(100, {0xe8}, At(1000))).target, At(1000));
}

TEST_F(CallSiteTest, KnowsWhereCallsThroughAPointerInMemoryGo) {
  const uintptr_t pointer = PutPointer(2048, 0x123456789abc);
  Call call = CallBefore(PutRelative(100, {0xff, 0x15}, pointer));
  EXPECT_EQ(call.kind, Call::kIndirect);
  EXPECT_EQ(call.target, 0x123456789abcu);
  call = CallBefore(PutRelative(100, {0xff, 0x15}, At(kPage)));
  EXPECT_EQ(call.kind, Call::kIndirect);
  EXPECT_EQ(call.target, 0u);
}

TEST_F(CallSiteTest, KnowsEveryFormOfIndirectCall) {
  const std::vector<uint8_t> calls[] = {
      {0xff, 0xd0},                          // *%rax
      {0x41, 0xff, 0xd4},                    // *%r12
      {0xff, 0x13},                          // *(%rbx)
      {0xff, 0x14, 0xc3},                    // *(%rbx,%rax,8)
      {0xff, 0x50, 0x10},                    // *16(%rax)
      {0xff, 0x54, 0x24, 0x08},              // *8(%rsp)
      {0xff, 0x90, 0, 1, 0, 0},              // *256(%rax)
      {0xff, 0x94, 0x24, 0, 1, 0, 0},        // *256(%rsp)
      {0xff, 0x14, 0xc5, 0x10, 0x20, 0, 0},  // *0x2010(,%rax,8)
  };
  for (const std::vector<uint8_t>& bytes : calls) {
    memset(memory_, 0x90, 256);
    const Call call = CallBefore(Put(100, bytes));
    EXPECT_EQ(call.kind, Call::kIndirect) << int{bytes[1]};
    EXPECT_EQ(call.target, 0u);
  }
}

TEST_F(CallSiteTest, TakesNothingElseForACall) {
  const std::vector<uint8_t> others[] = {
      {0xff, 0xe0},              // jmp *%rax
      {0xff, 0x30},              // push (%rax)
      {0xff, 0x50},              // call *disp8(%rax), cut
      {0xe9, 1, 2, 3, 4},        // jmp
      {0x48, 0x8d, 0x45, 0xe8},  // lea -24(%rbp),%rax
      {0xc3},
  };
  for (const std::vector<uint8_t>& bytes : others) {
    memset(memory_, 0x90, 256);
    EXPECT_EQ(CallBefore(Put(100, bytes)).kind, Call::kNone) << int{bytes[0]};
  }
}

TEST_F(CallSiteTest, ReadsNothingThatIsNotThere) {
  EXPECT_EQ(CallBefore(0).kind, Call::kNone);
  EXPECT_EQ(CallBefore(At(kPage + 1)).kind, Call::kNone);
  EXPECT_EQ(CallBefore(UINTPTR_MAX).kind, Call::kNone);
  EXPECT_EQ(Code::At(At(kPage)).size, 0u);
  const Code code = Code::At(At(kPage - 3));
  EXPECT_EQ(code.size, 3u);
  EXPECT_TRUE(code.Has(0, {0, 0, 0}));
  EXPECT_FALSE(code.Has(0, {0, 0, 0, 0}));
  int32_t value = 0;
  EXPECT_FALSE(code.Read32(0, &value));
}

}  // namespace
}  // namespace pprofagent::hot
