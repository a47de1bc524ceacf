// SPDX-License-Identifier: Apache-2.0
//
// Which file CPUPROFILE, MEMPROFILE and the like mean for this process. Its children
// inherit the options and would, ending before it, write into its file; so a
// process takes the plain name only if nobody else has a claim to it, and puts
// its pid into the name otherwise.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "agent/service/options/options.h"
#include "agent/service/sink/named_file.h"

namespace pprofagent::service {

struct ProcessOrigin {
  bool is_fork_child = false;
  int64_t load_wall_ns = 0;  // when the agent was loaded
};

// `option` is the name without prefix, `value` what Options has for it.
NamedFile ProfilePath(const Options& options, std::string_view option, const std::string& value,
                      const ProcessOrigin& origin);

// Whether an environment block (entries ended by NUL, as in /proc/N/environ)
// has the entry.
bool HasEntry(std::string_view block, std::string_view entry);

}  // namespace pprofagent::service
