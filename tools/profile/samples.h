// SPDX-License-Identifier: Apache-2.0
//
// The samples of a profile, stored by column. A million samples of 40 frames is a normal input;
// as objects with their own vectors and label maps they would need more than a gigabyte and most of
// the run time would be allocation. Here a sample is a row number, and its parts are slices:
//
//     stacks_       L L L|L L|L L L L|...      location indices, leaf first
//     stack_ends_        3   5       9         where each row's slice ends
//     values_       v v|v v|v v|...            one value a sample type
//     labels_       a b||a|...                 and label_ends_ as above; most profiles have none
//
// 1M x 40 frames x 2 types = 160 + 8 + 16 MB. Rows are appended at the end; what removes rows or
// frames does it in place, front to back (Retain, ShrinkStacks), and only what may lengthen a row
// makes a second copy (Rewrite).
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "tools/base/column.h"
#include "tools/profile/string_table.h"

namespace cpprof::profile {

using LocationIndex = uint32_t;

// One key=value of a sample. A key may occur several times, also with both kinds of value. Within
// a sample, text comes before numbers and each group is sorted by the key's text
// (Profile::AddSample does it); values of one key stay in the order of the input.
struct Label {
  StringId key = 0;
  StringId text = 0;  // of a textual label
  StringId unit = 0;  // of a numeric label; 0 when it has none
  bool numeric = false;
  int64_t number = 0;

  bool operator==(const Label&) const = default;
};

class Samples {
 public:
  explicit Samples(size_t values_per_sample = 0) : width_(values_per_sample) {}

  size_t size() const { return stack_ends_.size(); }
  bool empty() const { return stack_ends_.empty(); }
  // Values a sample, as many as the profile has sample types.
  size_t width() const { return width_; }
  // Location indices of all samples together.
  size_t frame_count() const { return stacks_.size(); }
  bool has_labels() const { return !labels_.empty(); }

  std::span<const LocationIndex> Stack(size_t row) const {
    const uint64_t begin = row == 0 ? 0 : stack_ends_[row - 1];
    return {stacks_.data() + begin, static_cast<size_t>(stack_ends_[row] - begin)};
  }
  std::span<LocationIndex> Stack(size_t row) {
    const uint64_t begin = row == 0 ? 0 : stack_ends_[row - 1];
    return {stacks_.data() + begin, static_cast<size_t>(stack_ends_[row] - begin)};
  }
  std::span<const int64_t> Values(size_t row) const {
    return {values_.data() + row * width_, width_};
  }
  std::span<int64_t> Values(size_t row) { return {values_.data() + row * width_, width_}; }
  std::span<const Label> Labels(size_t row) const {
    if (labels_.empty()) return {};
    const uint64_t begin = row == 0 ? 0 : label_ends_[row - 1];
    return {labels_.data() + begin, static_cast<size_t>(label_ends_[row] - begin)};
  }

  void Reserve(size_t rows, size_t frames);

  // Adds a row; `values` has width() elements, `labels` is in the order described at Label.
  void Append(std::span<const LocationIndex> stack, std::span<const int64_t> values,
              std::span<const Label> labels);

  // The same in steps, for who reads the parts one by one: PushFrame and PushValue as often as
  // there are, then FinishRow. DropRow forgets what was pushed since the last row.
  void PushFrame(LocationIndex location) { stacks_.push_back(location); }
  // Room for `most` frames at once, for who can say the number: write them from the pointer on,
  // then say how many there really were.
  LocationIndex* GrowFrames(size_t most) {
    stacks_.resize(stacks_.size() + most);
    return stacks_.data() + stacks_.size() - most;
  }
  void ShrinkFrames(const LocationIndex* end) {
    stacks_.resize(static_cast<size_t>(end - stacks_.data()));
  }
  void PushValue(int64_t value) { values_.push_back(value); }
  size_t pending_values() const { return values_.size() - size() * width_; }
  void FinishRow(std::span<const Label> labels);
  void DropRow();

  // Passes every row, in order, to `edit(row, Parts*) -> bool`; the row is replaced by what the
  // parts are afterwards, or removed on false. Parts are scratch vectors, so a row may also grow.
  struct Parts {
    std::vector<LocationIndex> stack;
    std::vector<int64_t> values;
    std::vector<Label> labels;
  };
  template <typename Edit>
  void Rewrite(Edit&& edit);

  // Keeps the rows for which `keep(row)`, in order.
  template <typename Keep>
  void Retain(Keep&& keep);

  // `shrink(row, std::span<LocationIndex> stack) -> ptrdiff_t` may change the stack's elements and
  // says how many of them, from the first, stay; a negative number removes the row. It must not
  // ask for Stack(row) itself: the ends before `row` are being rewritten.
  template <typename Shrink>
  void ShrinkStacks(Shrink&& shrink);

  // Replaces the value columns: row r gets the `new_width` values `compute(old values, new values)`
  // writes. new_width is not larger than width().
  template <typename Compute>
  void RecomputeValues(size_t new_width, Compute&& compute);

 private:
  // A position in the columns: that of in-place removal as it reads, or as it writes.
  struct Cursor {
    size_t row = 0;
    uint64_t frame = 0;
    uint64_t label = 0;
  };
  // Moves the first `frames` frames and the rest of the row at `from` to `*to`, which is never
  // ahead of it, and advances `*to`.
  void MoveRow(const Cursor& from, uint64_t frames, Cursor* to);
  void Truncate(const Cursor& end);

  size_t width_;
  Column<LocationIndex> stacks_;
  Column<uint64_t> stack_ends_;
  Column<int64_t> values_;
  std::vector<Label> labels_;
  std::vector<uint64_t> label_ends_;  // empty until the first label
};

template <typename Edit>
void Samples::Rewrite(Edit&& edit) {
  Samples out(width_);
  out.Reserve(size(), stacks_.size());
  Parts parts;
  for (size_t row = 0; row < size(); ++row) {
    const auto stack = std::as_const(*this).Stack(row);
    const auto values = std::as_const(*this).Values(row);
    const auto labels = Labels(row);
    parts.stack.assign(stack.begin(), stack.end());
    parts.values.assign(values.begin(), values.end());
    parts.labels.assign(labels.begin(), labels.end());
    if (edit(row, &parts)) out.Append(parts.stack, parts.values, parts.labels);
  }
  *this = std::move(out);
}

template <typename Keep>
void Samples::Retain(Keep&& keep) {
  ShrinkStacks([&](size_t row, std::span<LocationIndex> stack) {
    return keep(row) ? static_cast<std::ptrdiff_t>(stack.size()) : -1;
  });
}

template <typename Shrink>
void Samples::ShrinkStacks(Shrink&& shrink) {
  Cursor from;
  Cursor to;
  for (const size_t rows = size(); from.row < rows; ++from.row) {
    const uint64_t frame_end = stack_ends_[from.row];
    const uint64_t label_end = labels_.empty() ? 0 : label_ends_[from.row];
    const std::ptrdiff_t frames =
        shrink(from.row, std::span<LocationIndex>(stacks_.data() + from.frame,
                                                  static_cast<size_t>(frame_end - from.frame)));
    if (frames >= 0) MoveRow(from, static_cast<uint64_t>(frames), &to);
    from.frame = frame_end;
    from.label = label_end;
  }
  Truncate(to);
}

template <typename Compute>
void Samples::RecomputeValues(size_t new_width, Compute&& compute) {
  std::vector<int64_t> row_values(new_width);
  for (size_t row = 0; row < size(); ++row) {
    compute(std::as_const(*this).Values(row), std::span<int64_t>(row_values));
    std::copy(row_values.begin(), row_values.end(),
              values_.begin() + static_cast<std::ptrdiff_t>(row * new_width));
  }
  values_.resize(size() * new_width);
  width_ = new_width;
}

}  // namespace cpprof::profile
