// SPDX-License-Identifier: Apache-2.0
//
// From a graph in Graphviz's language to a picture, by the program dot.
#pragma once

#include <string>
#include <string_view>

#include "tools/base/status.h"

namespace cpprof::driver {

// `format` is one of dot's: png, svg, pdf, ... An svg fills its window and can be moved with the
// mouse and zoomed with the wheel.
Result<std::string> Draw(const std::string& graph, std::string_view format);

// The part of it for svg: makes dot's output fill its window and move.
std::string MakePannable(std::string svg);

}  // namespace cpprof::driver
