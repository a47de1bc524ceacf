// SPDX-License-Identifier: Apache-2.0
#include "tools/fetch/url.h"

#include <gtest/gtest.h>

namespace cpprof::fetch {
namespace {

std::string Adjusted(std::string_view source, int seconds = -1, int timeout = -1) {
  const auto request = AdjustUrl(source, seconds, timeout);
  if (!request) return "";
  char text[32];
  std::snprintf(text, sizeof(text), " %g", request->timeout_seconds);
  return request->url + text;
}

TEST(AdjustUrl, TellsUrlsFromFiles) {
  EXPECT_EQ(Adjusted("cpu.pb.gz"), "");
  EXPECT_EQ(Adjusted("/abs/cpu.pb.gz"), "");
  EXPECT_EQ(Adjusted("host/path"), "");
  EXPECT_EQ(Adjusted("file:///x"), "");
  EXPECT_EQ(Adjusted("bad%zz:1/x"), "");
  EXPECT_EQ(Adjusted("localhost:6060/debug/pprof/heap"),
            "http://localhost:6060/debug/pprof/heap 60");
  EXPECT_EQ(Adjusted("[::1]:80/x"), "http://[::1]:80/x 60");
  EXPECT_EQ(Adjusted("1.2.3.4:80"), "http://1.2.3.4:80 60");
  EXPECT_EQ(Adjusted(":8080/x"), "http://:8080/x 60");
  EXPECT_EQ(Adjusted("https+insecure://u:p@h:1/p"), "https+insecure://u:p@h:1/p 60");
  // Odd, but what the reference makes of it.
  EXPECT_EQ(Adjusted("http://h:port/x"), "http://http://h:port/x 60");
}

TEST(AdjustUrl, SecondsGoIntoTheSortedQueryAndMakeTheTimeout) {
  EXPECT_EQ(Adjusted("http://h/p?z=1&seconds=9&a=b c", 4), "http://h/p?a=b+c&seconds=4&z=1 6");
  EXPECT_EQ(Adjusted("http://h/p?seconds=7"), "http://h/p?seconds=7 10.5");
  EXPECT_EQ(Adjusted("http://h/p?seconds=abc"), "http://h/p?seconds=abc 60");
  EXPECT_EQ(Adjusted("http://h/p", 10, 3), "http://h/p?seconds=10 3");
}

TEST(SymbolUrl, BesideTheProfile) {
  EXPECT_EQ(SymbolUrl("http://h/profilez?seconds=5"), "http://h/symbolz");
  EXPECT_EQ(SymbolUrl("http://h"), "http://h/symbolz");
  EXPECT_EQ(SymbolUrl("http://h/some/heapz"), "http://h/some/symbolz");
  EXPECT_EQ(SymbolUrl("http://h/x/debug/pprof/heap?debug=1"), "http://h/x/debug/pprof/symbol");
  EXPECT_EQ(SymbolUrl("http://h/a/pprof/growth"), "http://h/a/pprof/symbol");
  EXPECT_EQ(SymbolUrl("/local/file"), "");
  EXPECT_EQ(SymbolUrl("unix:/run/a.sock/debug/pprof/heap?gc=1"),
            "unix:/run/a.sock/debug/pprof/symbol");
  EXPECT_EQ(SymbolUrl("unix:/run/a.sock/other"), "");
}

TEST(ParseQuery, DropsWhatItCannotDecode) {
  const auto values = ParseQuery("a=1&b=%zz&c=x;y&d&%41=%20");
  ASSERT_EQ(values.size(), 3u);
  EXPECT_EQ(values[1].first, "d");
  EXPECT_EQ(values[2], std::make_pair(std::string("A"), std::string(" ")));
}

}  // namespace
}  // namespace cpprof::fetch
