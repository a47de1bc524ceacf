// SPDX-License-Identifier: Apache-2.0
//
// A graph in the language of Graphviz. Cost is shown four times: by the numbers, by the size of the
// text (flat), by colour (cum; red for more, green for less) and by the width of edges.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tools/graph/graph.h"

namespace cpprof::graph {

struct DotOptions {
  std::string title;
  std::vector<std::string> legend;
  std::function<std::string(int64_t)> format_value;
  int64_t total = 0;
};

std::string ComposeDot(const Graph& graph, const DotOptions& options);

// "#rrggbb" for a score from -1 (much less) over 0 (grey) to 1 (much).
std::string DotColor(double score, bool background);

// What people call a function: without packages, namespaces and arguments, as far as its language
// can be recognised.
std::string ShortenFunctionName(const std::string& name);

// A label's text as Graphviz wants it between quotes; lines are left-justified.
std::string EscapeForDot(std::string_view text);

}  // namespace cpprof::graph
