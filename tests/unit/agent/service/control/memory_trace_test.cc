// SPDX-License-Identifier: Apache-2.0
#include "agent/service/control/memory_trace.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "tests/unit/agent/service/support/fake_hot.h"

namespace pprofagent::service {
namespace {

// The standard error is a pipe while one of these lives.
class PipedStandardError {
 public:
  PipedStandardError() : saved_(dup(STDERR_FILENO)) {
    EXPECT_EQ(pipe2(ends_, O_NONBLOCK | O_CLOEXEC), 0);
    dup2(ends_[1], STDERR_FILENO);
  }
  ~PipedStandardError() {
    dup2(saved_, STDERR_FILENO);
    close(saved_);
    close(ends_[0]);
    close(ends_[1]);
  }
  PipedStandardError(const PipedStandardError&) = delete;
  PipedStandardError& operator=(const PipedStandardError&) = delete;

  std::string Read() const {
    std::string text(1 << 17, '\0');
    const ssize_t got = read(ends_[0], text.data(), text.size());
    text.resize(got > 0 ? static_cast<size_t>(got) : 0);
    return text;
  }
  void Fill() const {
    const std::string much(1 << 12, 'x');
    while (write(ends_[1], much.data(), much.size()) > 0) {
    }
  }

 private:
  int saved_;
  int ends_[2] = {-1, -1};
};

class MemoryTraceTest : public testing::Test {
 protected:
  void SetUp() override { fake_hot::Reset(); }
};

TEST_F(MemoryTraceTest, OffItDoesNothing) {
  MemoryTrace trace(0);
  EXPECT_FALSE(trace.IsOn());
  EXPECT_FALSE(trace.NextDue());
  fake_hot::AddMemoryCycle({.number = 1});
  trace.Run(INT64_MAX);
  trace.Finish();
  hot::MemoryCycle left;
  EXPECT_TRUE(hot::TakeMemoryCycle(&left));
}

TEST_F(MemoryTraceTest, ALineForEachCycleThatHasEnded) {
  const PipedStandardError standard_error;
  MemoryTrace trace(1'000'000'000);
  fake_hot::AddMemoryCycle({.number = 1});
  fake_hot::AddMemoryCycle({.number = 2});
  trace.Run(0);
  fake_hot::AddMemoryCycle({.number = 3});
  trace.Finish();
  const std::string text = standard_error.Read();
  EXPECT_TRUE(text.starts_with("mem 1 @")) << text;
  EXPECT_NE(text.find("\nmem 2 @"), std::string::npos);
  EXPECT_NE(text.find("\nmem 3 @"), std::string::npos);
  EXPECT_TRUE(text.ends_with(" P\n"));
}

TEST_F(MemoryTraceTest, AReaderThatDoesNotKeepUpCostsLines) {
  const PipedStandardError standard_error;
  MemoryTrace trace(1'000'000'000);
  standard_error.Fill();
  fake_hot::AddMemoryCycle({.number = 1});
  trace.Run(0);  // does not wait
  EXPECT_EQ(standard_error.Read().find("mem 1"), std::string::npos);
}

TEST_F(MemoryTraceTest, WhatTheProgramHasPutThereInsteadIsNotWrittenTo) {
  const PipedStandardError standard_error;
  MemoryTrace trace(1'000'000'000);
  const PipedStandardError replaced;
  fake_hot::AddMemoryCycle({.number = 1});
  trace.Run(0);
  EXPECT_EQ(replaced.Read(), "");
}

}  // namespace
}  // namespace pprofagent::service
