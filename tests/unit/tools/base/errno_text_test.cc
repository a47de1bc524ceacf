// SPDX-License-Identifier: Apache-2.0
#include "tools/base/errno_text.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace cpprof {
namespace {

TEST(ErrnoText, StandsInTheMiddleOfALine) {
  EXPECT_EQ(ErrnoText(ENOENT), "no such file or directory");
  EXPECT_EQ(ErrnoText(EACCES), "permission denied");
  EXPECT_EQ(ErrnoText(EISDIR), "is a directory");
}

}  // namespace
}  // namespace cpprof
