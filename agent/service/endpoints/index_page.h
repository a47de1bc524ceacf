// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace pprofagent::service {

struct IndexRow {
  std::string name;
  std::string_view description;
  int64_t count = 0;
};

// The page with the profiles there are; rows are shown by name.
std::string IndexPage(std::span<const IndexRow> rows);

}  // namespace pprofagent::service
