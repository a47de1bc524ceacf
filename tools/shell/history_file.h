// SPDX-License-Identifier: Apache-2.0
//
// What was typed in earlier shells: one line each, in
//
//     $XDG_STATE_HOME/cpprof/history    (default ~/.local/state/cpprof/history)
//
// A line is added as soon as it is entered, so shells that run at the same time keep each other's
// lines, and none is lost with a closed window. The file is its owner's alone (0600): expressions
// and paths can be telling. It is cut back when it has become twice as long as what is kept. All of
// it is a comfort: where it cannot be read or written, there is no history, and not a word about
// it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cpprof::shell {

// The file's name; empty if there is no home to put it in.
std::string HistoryPath();

class HistoryFile {
 public:
  static constexpr size_t kKept = 1000;

  // An empty path: nothing is kept.
  explicit HistoryFile(std::string path) : path_(std::move(path)) {}

  // The lines of before, oldest first.
  std::vector<std::string> Load() const;
  void Append(std::string_view line) const;

 private:
  std::string path_;
};

}  // namespace cpprof::shell
