// SPDX-License-Identifier: Apache-2.0
//
// Where a tool says something that is neither its report nor its failure: "Fetched 1 source
// profiles out of 2", "Focus expression matched no samples". A Notices is handed down to whoever
// may have something to say; the command line prints to standard error, a test or the web UI
// collects. Lines come without a final newline. Print may be called from several threads.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace cpprof {

class Activity;

class Notices {
 public:
  virtual ~Notices() = default;
  virtual void Print(std::string_view line) = 0;

 protected:
  friend class Activity;
  virtual void Begin(const Activity* /*activity*/) {}
  virtual void End(const Activity* /*activity*/) {}
};

// Work that may take long, while this exists. Who sits at a terminal is told about it after a
// second, in a line that goes away again; nobody else is.
class Activity {
 public:
  // `what` is happening: "Decoding cpu.pb.gz".
  Activity(Notices* notices, std::string what);
  ~Activity();
  Activity(const Activity&) = delete;
  Activity& operator=(const Activity&) = delete;

  // How much has arrived so far, where that is known.
  void SetBytes(uint64_t bytes) { bytes_.store(bytes, std::memory_order_relaxed); }

  // "Fetching http://host/heap: 3.2 MB, 5 s".
  std::string Describe(std::chrono::steady_clock::time_point now) const;
  std::chrono::steady_clock::time_point started() const { return started_; }

 private:
  Notices& notices_;
  const std::string what_;
  const std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  std::atomic<uint64_t> bytes_{0};
};

class ProgressLine;

// Lines go to standard error, each written by one call. Standard output stays the report's.
class StderrNotices final : public Notices {
 public:
  StderrNotices();
  ~StderrNotices() override;
  void Print(std::string_view line) override;

 protected:
  void Begin(const Activity* activity) override;
  void End(const Activity* activity) override;

 private:
  std::mutex mutex_;
  std::unique_ptr<ProgressLine> progress_;  // null where nobody watches
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
