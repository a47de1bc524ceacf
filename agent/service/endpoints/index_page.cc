// SPDX-License-Identifier: Apache-2.0
#include "agent/service/endpoints/index_page.h"

#include <algorithm>
#include <vector>

#include "agent/service/base/process.h"

namespace pprofagent::service {
namespace {

std::string Escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '&':
        escaped += "&amp;";
        break;
      case '"':
        escaped += "&#34;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

// For a path in a link; '/' included, for names like "app/conns".
std::string PathEscaped(std::string_view text) {
  constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~";
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string escaped;
  for (const char c : text) {
    if (kPlain.find(c) != std::string_view::npos) {
      escaped += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      escaped += '%';
      escaped += kHex[byte / 16];
      escaped += kHex[byte % 16];
    }
  }
  return escaped;
}

bool Has(std::span<const IndexRow> rows, std::string_view name) {
  return std::any_of(rows.begin(), rows.end(),
                     [name](const IndexRow& row) { return row.name == name; });
}

}  // namespace

std::string IndexPage(std::span<const IndexRow> unordered) {
  std::vector<IndexRow> rows(unordered.begin(), unordered.end());
  std::sort(rows.begin(), rows.end(),
            [](const IndexRow& a, const IndexRow& b) { return a.name < b.name; });
  std::string page =
      "<html>\n<head>\n<title>/debug/pprof/</title>\n<style>\n"
      ".profile-name{\n\tdisplay:inline-block;\n\twidth:6rem;\n}\n</style>\n</head>\n<body>\n"
      "/debug/pprof/\n<br>\n<p>" +
      Escaped(CommandLine()) +
      "</p>\n<p>Set debug=1 as a query parameter to export in legacy text format</p>\n<br>\n"
      "Types of profiles available:\n<table>\n<thead><td>Count</td><td>Profile</td></thead>\n";
  for (const IndexRow& row : rows) {
    page += "<tr><td>" + std::to_string(row.count) + "</td><td><a href='" + PathEscaped(row.name) +
            "?debug=1'>" + Escaped(row.name) + "</a></td></tr>\n";
  }
  page += "</table>\n";
  if (Has(rows, "goroutine")) {
    page += "<a href=\"goroutine?debug=2\">full goroutine stack dump</a>\n";
  }
  page += "<br>\n<p>\nProfile Descriptions:\n<ul>\n";
  for (const IndexRow& row : rows) {
    page += "<li><div class=profile-name>" + Escaped(row.name) + ":</div> " +
            Escaped(row.description) + "</li>\n";
  }
  return page + "</ul>\n</p>\n</body>\n</html>\n";
}

}  // namespace pprofagent::service
