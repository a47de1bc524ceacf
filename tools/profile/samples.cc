// SPDX-License-Identifier: Apache-2.0
//
// See samples.h.
#include "tools/profile/samples.h"

#include <cassert>

namespace cpprof::profile {

void Samples::Reserve(size_t rows, size_t frames) {
  stacks_.reserve(frames);
  stack_ends_.reserve(rows);
  values_.reserve(rows * width_);
}

void Samples::Append(std::span<const LocationIndex> stack, std::span<const int64_t> values,
                     std::span<const Label> labels) {
  assert(values.size() == width_);
  stacks_.insert(stacks_.end(), stack.begin(), stack.end());
  values_.insert(values_.end(), values.begin(), values.end());
  FinishRow(labels);
}

void Samples::FinishRow(std::span<const Label> labels) {
  if (!labels.empty() && labels_.empty()) label_ends_.assign(size(), 0);
  stack_ends_.push_back(stacks_.size());
  labels_.insert(labels_.end(), labels.begin(), labels.end());
  if (!labels_.empty()) label_ends_.push_back(labels_.size());
}

void Samples::DropRow() {
  stacks_.resize(empty() ? 0 : stack_ends_.back());
  values_.resize(size() * width_);
}

void Samples::MoveRow(const Cursor& from, uint64_t frames, Cursor* to) {
  const auto move = [](auto& column, uint64_t begin, uint64_t count, uint64_t target) {
    if (begin == target) return;
    const auto first = column.begin() + static_cast<std::ptrdiff_t>(begin);
    std::copy(first, first + static_cast<std::ptrdiff_t>(count),
              column.begin() + static_cast<std::ptrdiff_t>(target));
  };
  move(stacks_, from.frame, frames, to->frame);
  move(values_, from.row * width_, width_, to->row * width_);
  to->frame += frames;
  if (!labels_.empty()) {
    const uint64_t labels = label_ends_[from.row] - from.label;
    move(labels_, from.label, labels, to->label);
    to->label += labels;
    label_ends_[to->row] = to->label;
  }
  stack_ends_[to->row++] = to->frame;
}

void Samples::Truncate(const Cursor& end) {
  stacks_.resize(end.frame);
  stack_ends_.resize(end.row);
  values_.resize(end.row * width_);
  labels_.resize(end.label);
  label_ends_.resize(labels_.empty() ? 0 : end.row);
}

}  // namespace cpprof::profile
