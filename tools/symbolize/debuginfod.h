// SPDX-License-Identifier: Apache-2.0
//
// Debug information and programs from debuginfod servers, by build id. It is asked only when
// $DEBUGINFOD_URLS names servers, as with every other tool. elfutils' client does the work and
// keeps what it has fetched; it is loaded when it is needed, because it brings along a TLS library
// that no other run should pay for.
//
// A server that does not answer must not hold up a report: all waiting of one run together ends
// after a minute and a half, unless $DEBUGINFOD_MAXTIME says otherwise, and after the first failure
// of the connection nobody is asked any more. Both are told in one line.
#pragma once

#include <chrono>
#include <string>

#include "tools/base/notices.h"

namespace cpprof::symbolize {

class DebugInfoServers {
 public:
  explicit DebugInfoServers(Notices* notices) : notices_(*notices) {}
  ~DebugInfoServers();
  DebugInfoServers(const DebugInfoServers&) = delete;
  DebugInfoServers& operator=(const DebugInfoServers&) = delete;

  // Whether there is anybody to ask.
  static bool Configured();

  // The path of the file for a build id in hexadecimal; empty when no server has it.
  std::string FindDebugInfo(const std::string& build_id) { return Find(build_id, kDebugInfo); }
  std::string FindProgram(const std::string& build_id) { return Find(build_id, kProgram); }

 private:
  enum What { kDebugInfo, kProgram };
  struct Library;

  std::string Find(const std::string& build_id, What what);
  bool Load();
  void GiveUp(const std::string& why);
  // The client asks it all the time whether to go on.
  static int Progress(void* client, long done, long total);

  Notices& notices_;
  Library* library_ = nullptr;
  void* client_ = nullptr;
  bool given_up_ = false;
  std::chrono::steady_clock::duration waited_{};
  std::chrono::steady_clock::time_point deadline_{};
};

}  // namespace cpprof::symbolize
