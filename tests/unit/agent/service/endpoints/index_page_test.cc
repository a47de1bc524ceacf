// SPDX-License-Identifier: Apache-2.0
#include "agent/service/endpoints/index_page.h"

#include <gtest/gtest.h>

namespace pprofagent::service {
namespace {

TEST(IndexPage, ListsByNameAndEscapes) {
  const IndexRow rows[] = {{"heap", "Live & well.", 12}, {"app/<conns>", "Ours.", 3}};
  const std::string page = IndexPage(rows);
  const size_t custom =
      page.find("<td>3</td><td><a href='app%2F%3Cconns%3E?debug=1'>app/&lt;conns&gt;</a>");
  const size_t heap = page.find("<td>12</td><td><a href='heap?debug=1'>heap</a>");
  EXPECT_NE(custom, std::string::npos) << page;
  EXPECT_LT(custom, heap);
  EXPECT_NE(page.find("Live &amp; well."), std::string::npos);
  EXPECT_EQ(page.find("full goroutine stack dump"), std::string::npos);
}

TEST(IndexPage, LinksTheDumpWhereThereIsOne) {
  const IndexRow rows[] = {{"goroutine", "Threads.", 1}};
  EXPECT_NE(IndexPage(rows).find("<a href=\"goroutine?debug=2\">full goroutine stack dump</a>"),
            std::string::npos);
}

}  // namespace
}  // namespace pprofagent::service
