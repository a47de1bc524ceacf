// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace pprofagent::service {

// Lines whose cells are aligned by tabs, eight columns each, as Go's tab writer
// aligns those of its profiles.
class TabColumns {
 public:
  void Add(std::vector<std::string> cells) { lines_.push_back(std::move(cells)); }
  std::string Text() const;

 private:
  std::vector<std::vector<std::string>> lines_;
};

}  // namespace pprofagent::service
