// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

namespace pprofagent::service {

using Cells = std::vector<std::string>;

// Appends the lines, their cells aligned by tabs, eight columns each, as Go's tab
// writer aligns those of its profiles.
void AppendColumns(std::span<const Cells* const> lines, std::string* text);

}  // namespace pprofagent::service
