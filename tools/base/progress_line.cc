// SPDX-License-Identifier: Apache-2.0
//
// See progress_line.h.
#include "tools/base/progress_line.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <system_error>
#include <utility>

#include "tools/base/strings.h"

namespace cpprof {
namespace {

using std::chrono::steady_clock;

// Before that, nobody wonders.
constexpr std::chrono::milliseconds kPatience(1000);
constexpr std::chrono::milliseconds kInterval(200);
constexpr char kErase[] = "\r\x1b[K";

// Best effort: what cannot be drawn is not missed.
void Put(int terminal, const std::string& text) {
  static_cast<void>(write(terminal, text.data(), text.size()) < 0);
}

size_t Width(int terminal) {
  winsize size = {};
  return ioctl(terminal, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

// As much of the line as fits, and the last column stays free: some terminals go on below.
std::string Fit(std::string line, size_t width) {
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = '?';
  }
  while (!line.empty() && RuneCount(line) >= width) line.pop_back();
  return line;
}

}  // namespace

ProgressLine::~ProgressLine() {
  if (thread_.joinable()) thread_.join();
}

void ProgressLine::Begin(const Activity* activity) {
  const std::lock_guard<std::mutex> lock(mutex_);
  activities_.push_back(activity);
  if (thread_.joinable()) return;
  try {
    thread_ = std::thread([this, mine = generation_] { Run(mine); });
  } catch (const std::system_error&) {
    // No threads to be had: no line.
  }
}

void ProgressLine::End(const Activity* activity) {
  std::thread ended;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    activities_.erase(std::find(activities_.begin(), activities_.end(), activity));
    if (activities_.empty()) {
      Erase();
      ended = std::move(thread_);
      ++generation_;
      changed_.notify_all();
    }
  }
  if (ended.joinable()) ended.join();
}

void ProgressLine::Erase() {
  if (drawn_) Put(terminal_, kErase);
  drawn_ = false;
}

void ProgressLine::Run(uint64_t generation) {
  std::unique_lock<std::mutex> lock(mutex_);
  while (generation == generation_) {
    if (steady_clock::now() - activities_.front()->started() >= kPatience) Draw();
    changed_.wait_for(lock, kInterval);
  }
}

void ProgressLine::Draw() {
  std::string line = activities_.front()->Describe(steady_clock::now());
  if (activities_.size() > 1) AppendFormat(&line, " (and %zu more)", activities_.size() - 1);
  Put(terminal_, kErase + Fit(std::move(line), Width(terminal_)));
  drawn_ = true;
}

}  // namespace cpprof
