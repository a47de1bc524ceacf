// SPDX-License-Identifier: Apache-2.0
//
// A directory for one test, removed at its end with all that is in it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pprofagent::test {

class ScratchDirectory {
 public:
  ScratchDirectory();
  ~ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }

 private:
  std::string path_;
};

// Names in a directory, hidden ones too, sorted; nothing if there is none.
std::vector<std::string> Names(const std::string& directory);

std::string Contents(const std::string& file);
void WriteFile(const std::string& file, std::string_view contents);

}  // namespace pprofagent::test
