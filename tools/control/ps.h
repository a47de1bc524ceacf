// SPDX-License-Identifier: Apache-2.0
//
// cpprof ps: the processes that run under the agent, as a table.
#pragma once

#include <string>
#include <vector>

#include "tools/base/notices.h"
#include "tools/base/status.h"

namespace cpprof::control {

// `arguments` without "ps". What goes to standard output; notices tell what could not be seen.
Result<std::string> Ps(const std::vector<std::string>& arguments, Notices* notices);

struct PsRow {
  std::string pid;
  std::string name;
  std::string uptime;
  std::string heap;
  std::string mutex;
  std::string block;
  std::string cpu;
  std::string socket;  // or why there is none
};

// Of what the verb `status` says; "-" where it says nothing.
PsRow RowOf(const std::vector<std::string>& status);
std::string FormatPs(const std::vector<PsRow>& rows);

}  // namespace cpprof::control
