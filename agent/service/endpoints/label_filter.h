// SPDX-License-Identifier: Apache-2.0
//
// ?labels=user=alice,path=/: only what was recorded under all of these labels of the
// program, so that a server under load need not send what nobody asked for.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/service/profile/recording.h"

namespace pprofagent::service {

class LabelFilter {
 public:
  // Nothing if the text is none; an empty one lets everything pass.
  static std::optional<LabelFilter> Parse(std::string_view text);

  bool Admits(const hot::StackView& stack) const;
  // Says in the recording what it lacks.
  Recording Filtered(Recording recording) const;

 private:
  std::string text_;
  std::vector<std::pair<std::string, std::string>> labels_;
};

}  // namespace pprofagent::service
