// SPDX-License-Identifier: Apache-2.0
#include "tools/driver/draw.h"

#include <gtest/gtest.h>

namespace cpprof::driver {
namespace {

TEST(DrawTest, PannableDrawingsFillTheirWindow) {
  const std::string svg = MakePannable(
      "<?xml?>\n<svg width=\"10pt\" height=\"20pt\"\n viewBox=\"0 0 1 2\">\n"
      "<g id=\"graph0\" class=\"graph\">\n</g>\n</svg>\n");
  EXPECT_NE(svg.find("<svg width=\"100%\" height=\"100%\""), std::string::npos);
  EXPECT_EQ(svg.find("viewBox"), std::string::npos);
  const size_t viewport = svg.find("<g id=\"viewport\"");
  EXPECT_LT(viewport, svg.find("<g id=\"graph0\""));
  EXPECT_LT(svg.find("</g>\n</g>\n<script"), svg.find("</svg>"));
}

TEST(DrawTest, OtherTextStaysAsItIs) { EXPECT_EQ(MakePannable("no drawing"), "no drawing"); }

}  // namespace
}  // namespace cpprof::driver
