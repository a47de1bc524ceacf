// SPDX-License-Identifier: Apache-2.0
//
// What the user asked for, from the words of the command line:
//
//     cpprof FORMAT [OPTIONS] [BINARY] SOURCE...
//     cpprof [FORMAT] [OPTIONS] KIND DIRECTORY       the newest dump of a kind
//     cpprof [FORMAT] [OPTIONS] [KIND] pid:N         the same of a process, live if it can be had
//     cpprof DIRECTORY                               what dumps there are
//
// Without a format: the shell.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tools/base/notices.h"
#include "tools/base/status.h"
#include "tools/driver/config.h"
#include "tools/driver/generate.h"

namespace cpprof::driver {

struct CommandLine {
  bool help = false;
  // A null command: the shell, or the web UI if http is set.
  Request request;
  Config config;

  std::vector<std::string> sources;
  std::vector<std::string> bases;
  bool diff_base = false;
  std::string executable;
  // Of the dump to take from directories; empty if none was named.
  std::string kind;
  std::optional<int64_t> pid;

  // What functions may cost, and which ones the limits are for (a regular expression or nothing).
  std::vector<report::Limit> limits;
  std::string limited_functions;

  std::string build_id;
  std::string comment;
  std::string symbolize;
  std::string tools;
  int64_t seconds = -1;
  int64_t timeout = -1;
  bool all_frames = false;
  std::optional<std::string> http;
  bool no_browser = false;
  std::string tls_certificate;
  std::string tls_key;
  std::string tls_authority;
};

struct FlagName {
  std::string name;  // without dash
  bool takes_value = false;
};

// All flags there are, sorted.
std::vector<FlagName> KnownFlags();

// `arguments` without the program's name.
Result<CommandLine> ParseCommandLine(const std::vector<std::string>& arguments, Notices* notices);

}  // namespace cpprof::driver
