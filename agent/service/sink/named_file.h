// SPDX-License-Identifier: Apache-2.0
//
// A profile in a file the user named (options CPUPROFILE, MEMPROFILE ...), as
// opposed to a dump.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "agent/service/sink/byte_stream.h"

namespace pprofagent::service {

struct NamedFile {
  std::string path;
  // Directory to be made when it is missing: that of the option OUTPUTDIR.
  bool make_directory = false;
};

// `name` below `directory` unless it is absolute.
std::string JoinPath(std::string_view directory, std::string_view name);

// "cpu.pb.gz" -> "cpu.4711.pb.gz", "cpu.prof" -> "cpu.4711.prof", "cpu" ->
// "cpu.4711": the name for a process that must not take the plain one.
std::string WithPid(std::string_view path, int pid);

// Modification time in nanoseconds since the epoch; 0 if there is no such file.
int64_t ModificationTime(const std::string& path);

// Replaces an earlier file of that name, but nothing that is not a regular file
// (for root, /dev/null is as easily renamed over as anything else).
Status WriteNamedFile(const NamedFile& file, const std::function<Status(ByteStream*)>& produce);

}  // namespace pprofagent::service
