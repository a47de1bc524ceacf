// SPDX-License-Identifier: Apache-2.0
//
// Where log lines go. Nothing is held open, nothing is locked: every line opens
// the file, appends itself with one write and closes it. So lines of several
// threads stay whole, a fork at any moment finds no lock of ours taken, and the
// program can close or replace every descriptor it sees.
//
// When it cannot be done (no such directory, disk full, file too long, a link
// or somebody else's file in its place) the line is lost and counted; a log is
// never worth disturbing the program for.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pprofagent::service {

// Beyond this the log of a process takes no more lines.
inline constexpr int64_t kMaxLogBytes = 1 << 20;

struct LogTarget {
  // Option LOG: a path (with %-letters), "stderr" or empty for none. %d at the
  // start is the dump directory, which is made as for a dump.
  std::string log;
  // Option DIR.
  std::string directory;
};

// Writes one line that ends in '\n'; false if it was lost. Thread-safe.
//
// A log in a dump directory that cannot be used goes into the default dump
// directory instead: the line is most likely about that very directory.
bool WriteLogLine(const LogTarget& target, std::string_view line);

}  // namespace pprofagent::service
