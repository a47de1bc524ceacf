// SPDX-License-Identifier: Apache-2.0
#include "agent/service/endpoints/label_filter.h"

#include <algorithm>

namespace pprofagent::service {

std::optional<LabelFilter> LabelFilter::Parse(std::string_view text) {
  LabelFilter filter;
  filter.text_ = text;
  while (!text.empty()) {
    const size_t end = std::min(text.find(','), text.size());
    const std::string_view label = text.substr(0, end);
    const size_t equals = label.find('=');
    if (equals == 0 || equals == std::string_view::npos) return std::nullopt;
    filter.labels_.emplace_back(label.substr(0, equals), label.substr(equals + 1));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return filter;
}

bool LabelFilter::Admits(const hot::StackView& stack) const {
  const hot::LabelsView set = hot::LabelsOf(stack.labels);
  return std::all_of(labels_.begin(), labels_.end(), [&set](const auto& wanted) {
    return std::any_of(set.labels, set.labels + set.count, [&wanted](const hot::Label& label) {
      return wanted.first == label.key && wanted.second == label.value;
    });
  });
}

Recording LabelFilter::Filtered(Recording recording) const {
  if (labels_.empty()) return recording;
  std::erase_if(recording.samples,
                [this](const RecordedSample& sample) { return !Admits(sample.stack); });
  recording.rate += "; only what has the labels " + text_;
  return recording;
}

}  // namespace pprofagent::service
