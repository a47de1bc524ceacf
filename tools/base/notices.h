// SPDX-License-Identifier: Apache-2.0
//
// Where a tool says something that is neither its report nor its failure: "Fetched 1 source
// profiles out of 2", "Focus expression matched no samples". A Notices is handed down to whoever
// may have something to say; the command line prints to standard error, a test or the web UI
// collects. Lines come without a final newline. Print may be called from several threads.
#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace cpprof {

class Notices {
 public:
  virtual ~Notices() = default;
  virtual void Print(std::string_view line) = 0;
};

// Lines go to standard error, each written by one call. Standard output stays the report's.
class StderrNotices final : public Notices {
 public:
  void Print(std::string_view line) override;

 private:
  std::mutex mutex_;
};

// Keeps the lines, in order.
class CollectedNotices final : public Notices {
 public:
  void Print(std::string_view line) override;
  std::vector<std::string> lines() const;

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

}  // namespace cpprof
