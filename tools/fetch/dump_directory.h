// SPDX-License-Identifier: Apache-2.0
//
// The directory the agent dumps into, as a source of profiles. Its files are called
//
//     <exe>.<pid>.<seq>.<kind>.pb.gz        redis-server.4711.0003.heap.pb.gz
//
// where <exe> may have dots itself, <seq> counts the dumps of a process (four digits or more) and
// <kind> is a profile kind or the name of a custom profile; an execution trace ends in .pftrace. A
// file appears under its name only when it is complete. Everything else in the directory (logs,
// sockets, temporary files) is not looked at.
//
// How a dump is named on the command line, where KIND was given before (`cpprof heap DIR`) or is
// given with it:
//
//     DIR            the newest dump of the kind
//     DIR@2          the one two before the newest
//     DIR/heap       the newest heap profile, whatever kind was given
//     DIR/heap@1     the one before it; so -base DIR/heap@1 shows what the last interval brought
//
// KIND is one of the agent's, or a custom one that the directory really has a dump of.
// -pid restricts all of them to one process. "cpu" and "profile" are the same kind, as are
// "threads" and "goroutine". A file that really exists under such a name wins.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/base/status.h"

namespace cpprof::fetch {

struct Dump {
  std::string path;
  std::string process;
  std::string kind;
  int64_t pid = 0;
  uint64_t sequence = 0;
  int64_t time_nanos = 0;  // when it was written
  uint64_t size = 0;
};

// A file name taken apart, or nothing when it is not a dump's.
std::optional<Dump> ParseDumpName(std::string_view name);

// The name under which a kind is stored: "cpu" for "profile", "goroutine" for "threads".
std::string CanonicalKind(std::string_view kind);

bool IsDirectory(const std::string& path);

// All dumps, oldest first. An error if the directory cannot be read or has none.
Result<std::vector<Dump>> ListDumps(const std::string& directory,
                                    std::optional<int64_t> pid = std::nullopt);

// The listing as a table: process, pid, kind, time, size, file; newest last.
std::string FormatDumps(const std::vector<Dump>& dumps);

// The file that a source stands for if it names a dump in one of the forms above; nothing if it is
// something else (a file, a URL). `kind` is the one given before it, or empty.
Result<std::optional<std::string>> ResolveDump(const std::string& source, std::string_view kind,
                                               std::optional<int64_t> pid);

}  // namespace cpprof::fetch
