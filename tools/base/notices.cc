// SPDX-License-Identifier: Apache-2.0
//
// See notices.h.
#include "tools/base/notices.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "tools/base/progress_line.h"
#include "tools/base/strings.h"

namespace cpprof {
namespace {

// Whether lines on standard error can be rewritten, and somebody sees it.
bool IsWatched() {
  const char* kind = std::getenv("TERM");
  return isatty(STDERR_FILENO) == 1 && kind != nullptr && std::string_view(kind) != "dumb";
}

}  // namespace

Activity::Activity(Notices* notices, std::string what)
    : notices_(*notices), what_(std::move(what)) {
  notices_.Begin(this);
}

Activity::~Activity() { notices_.End(this); }

std::string Activity::Describe(std::chrono::steady_clock::time_point now) const {
  std::string text = what_ + ": ";
  if (const uint64_t bytes = bytes_.load(std::memory_order_relaxed); bytes > 0) {
    AppendFormat(&text, "%.1f MB, ", static_cast<double>(bytes) / 1e6);
  }
  const auto passed = std::chrono::duration_cast<std::chrono::seconds>(now - started_);
  AppendFormat(&text, "%lld s", static_cast<long long>(passed.count()));
  return text;
}

StderrNotices::StderrNotices() {
  if (IsWatched()) progress_ = std::make_unique<ProgressLine>(STDERR_FILENO, &mutex_);
}

StderrNotices::~StderrNotices() = default;

void StderrNotices::Print(std::string_view line) {
  std::string text(line);
  text += '\n';
  const std::lock_guard<std::mutex> lock(mutex_);
  if (progress_ != nullptr) progress_->Erase();
  std::fwrite(text.data(), 1, text.size(), stderr);
}

void StderrNotices::Begin(const Activity* activity) {
  if (progress_ != nullptr) progress_->Begin(activity);
}

void StderrNotices::End(const Activity* activity) {
  if (progress_ != nullptr) progress_->End(activity);
}

void CollectedNotices::Print(std::string_view line) {
  const std::lock_guard<std::mutex> lock(mutex_);
  lines_.emplace_back(line);
}

std::vector<std::string> CollectedNotices::lines() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return lines_;
}

}  // namespace cpprof
