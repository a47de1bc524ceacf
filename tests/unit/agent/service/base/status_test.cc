// SPDX-License-Identifier: Apache-2.0
#include "agent/service/base/status.h"

#include <errno.h>
#include <gtest/gtest.h>

namespace pprofagent::service {
namespace {

TEST(Status, IsFineUnlessToldOtherwise) {
  EXPECT_TRUE(Status().ok());
  EXPECT_FALSE(Status::Error("no").ok());
}

TEST(Status, SaysWhatFailedAndWhy) {
  EXPECT_EQ(Status::FromErrno("write x", ENOSPC).text(),
            "cannot write x: No space left on device (ENOSPC)");
}

TEST(ErrnoText, KnowsEvenUnknownNumbers) { EXPECT_EQ(ErrnoText(12345), "error 12345"); }

}  // namespace
}  // namespace pprofagent::service
