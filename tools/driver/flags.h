// SPDX-License-Identifier: Apache-2.0
//
// Flags as the reference's language parses them, because scripts depend on the corners:
//
//     -f  --f  -f=value  -f value       a boolean takes a value only after '='
//     --                                 ends the flags
//     -                                  is an argument
//
// One thing is different: flags may follow arguments (`cpprof cpu.pb.gz -top`), where the reference
// would take them for further sources. An argument that names an existing file is never a flag.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tools/base/status.h"

namespace cpprof::driver {

class FlagSet {
 public:
  // The targets must outlive Parse. They keep their values unless the flag is given.
  void Bool(std::string_view name, bool* target);
  void Int(std::string_view name, int64_t* target);
  void Double(std::string_view name, double* target);
  void String(std::string_view name, std::string* target);

  // Sets the targets; returns what is no flag, in order. `help_wanted`: -h or -help was given,
  // which ends parsing.
  Result<std::vector<std::string>> Parse(const std::vector<std::string>& arguments,
                                         bool* help_wanted);

  std::vector<std::string> Names() const;
  // Whether the next argument may be the flag's value.
  bool TakesValue(std::string_view name) const;

 private:
  struct Flag {
    bool is_bool = false;
    // Why the text is no value: "" if it is one.
    std::function<std::string(std::string_view)> set;
  };

  Status ParseFlag(const std::vector<std::string>& arguments, size_t* at, bool* help_wanted);

  std::map<std::string, Flag, std::less<>> flags_;
};

}  // namespace cpprof::driver
