// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/rt/copy_memory.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstring>
#include <vector>

namespace pprofagent::hot {
namespace {

constexpr size_t kPage = 4096;

// `readable` pages with a hole behind them.
class Pages {
 public:
  explicit Pages(size_t readable) : bytes_((readable + 1) * kPage) {
    begin_ = static_cast<unsigned char*>(
        mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    for (size_t i = 0; i < readable * kPage; ++i) begin_[i] = static_cast<unsigned char>(i % 251);
    mprotect(begin_ + readable * kPage, kPage, PROT_NONE);
  }
  ~Pages() { munmap(begin_, bytes_); }
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;

  unsigned char* begin() const { return begin_; }
  uintptr_t address() const { return reinterpret_cast<uintptr_t>(begin_); }

 private:
  size_t bytes_;
  unsigned char* begin_;
};

TEST(CopyMemory, CopiesWhatIsThere) {
  // More pieces than one system call takes.
  const Pages pages(100);
  std::vector<unsigned char> copy(100 * kPage - 10);
  ASSERT_EQ(CopyMemory(pages.address() + 5, copy.data(), copy.size()), copy.size());
  EXPECT_EQ(memcmp(copy.data(), pages.begin() + 5, copy.size()), 0);
}

TEST(CopyMemory, StopsAtAHole) {
  const Pages pages(3);
  std::vector<unsigned char> copy(5 * kPage);
  EXPECT_EQ(CopyMemory(pages.address() + 100, copy.data(), copy.size()), 3 * kPage - 100);
  EXPECT_EQ(memcmp(copy.data(), pages.begin() + 100, 3 * kPage - 100), 0);
}

TEST(CopyMemory, SaysThatThereIsNothing) {
  uint64_t word = 0;
  EXPECT_FALSE(CopyObject(0, &word));
  EXPECT_FALSE(CopyObject(~uintptr_t{7}, &word));
  const Pages pages(1);
  EXPECT_FALSE(CopyObject(pages.address() + kPage, &word));
  EXPECT_FALSE(CopyObject(pages.address() + kPage - 4, &word)) << "half of it is missing";
  EXPECT_TRUE(CopyObject(pages.address() + kPage - 8, &word));
}

}  // namespace
}  // namespace pprofagent::hot
