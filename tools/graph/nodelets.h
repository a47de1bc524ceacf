// SPDX-License-Identifier: Apache-2.0
//
// The small boxes beside a node of a drawing: its most expensive labels, and the sizes of what was
// allocated there. Many different numbers are gathered around the most expensive ones, as
// "1kB..4kB".
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "tools/graph/tags.h"

namespace cpprof::graph {

// The boxes in Graphviz's language, with their edges from node N<number>. `flat`: only what was
// spent in the node itself counts; a node without callees shows also what its hidden callees spent.
std::string ComposeNodelets(const NodeTags& tags, int number, bool flat,
                            const std::function<std::string(int64_t)>& format_value);

}  // namespace cpprof::graph
