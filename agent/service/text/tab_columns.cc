// SPDX-License-Identifier: Apache-2.0
#include "agent/service/text/tab_columns.h"

#include <algorithm>

namespace pprofagent::service {

void AppendColumns(std::span<const Cells* const> lines, std::string* text) {
  constexpr size_t kTab = 8;
  std::vector<size_t> widths;
  for (const Cells* cells : lines) {
    for (size_t i = 0; i + 1 < cells->size(); ++i) {
      if (widths.size() <= i) widths.push_back(0);
      // At least one column apart.
      const size_t width = ((*cells)[i].size() + 1 + kTab - 1) / kTab * kTab;
      widths[i] = std::max(widths[i], width);
    }
  }
  for (const Cells* cells : lines) {
    for (size_t i = 0; i < cells->size(); ++i) {
      *text += (*cells)[i];
      if (i + 1 == cells->size()) break;
      text->append((widths[i] - (*cells)[i].size() + kTab - 1) / kTab, '\t');
    }
    *text += '\n';
  }
}

}  // namespace pprofagent::service
