// SPDX-License-Identifier: Apache-2.0
//
// The one table of report commands. Flags (-top), the shell (top), help and (later) the web read
// it.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "tools/base/status.h"
#include "tools/report/report.h"

namespace cpprof::driver {

struct Command {
  std::string_view name;
  report::Layout layout;
  Status (*write)(report::Report* report, std::string* out);
  // Whether it needs a regular expression: what to list, to peek at.
  bool takes_regexp;
  // For a report that is no text: the extension of its file. It does not go to a terminal.
  std::string_view extension;
  // The picture that dot makes of the report: png, svg, ...; empty for none.
  std::string_view picture;
  // Who shows it: a command line or "browser"; empty: it is written out.
  std::string_view viewer;
  std::string_view help;   // one line
  std::string_view usage;  // of the shell, may be several lines
};

// Sorted by name.
std::span<const Command> Commands();
const Command* FindCommand(std::string_view name);

// Whether it can be written as json and csv, and an error if it cannot but shall.
bool HasData(const Command& command);
Status CheckEncoding(const Command& command, std::string_view encoding);

}  // namespace cpprof::driver
