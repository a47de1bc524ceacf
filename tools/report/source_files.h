// SPDX-License-Identifier: Apache-2.0
//
// From the file names of a profile to lines of source. Names come from the machine that built the
// program: a prefix is trimmed away (trim_path, or guessed from source_path), and what is left is
// looked for in each directory of source_path and in all its parents.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/base/status.h"
#include "tools/profile/profile.h"

namespace cpprof::report {

// Both paths are colon-separated lists.
std::string TrimFileName(std::string_view file, std::string_view trim_path,
                         std::string_view source_path);

// The same for the names of all functions.
void TrimFileNames(profile::Profile* profile, std::string_view trim_path,
                   std::string_view source_path);

// Where files are looked for if the user does not say: the current directory.
Result<std::string> SourcePathOrDefault(const std::string& source_path);

// Reads each file once.
class SourceFiles {
 public:
  SourceFiles(std::string source_path, std::string trim_path)
      : source_path_(std::move(source_path)), trim_path_(std::move(trim_path)) {}

  // Line `number` (from 1) without its end; nothing behind the last.
  std::optional<std::string_view> Line(const std::string& file, int64_t number);
  // Why the file could not be read.
  Status FileStatus(const std::string& file) { return Load(file).status; }

 private:
  struct File {
    Status status;
    std::string text;
    std::vector<std::string_view> lines;
  };

  const File& Load(const std::string& file);
  Result<std::string> Read(const std::string& file) const;

  std::string source_path_;
  std::string trim_path_;
  std::map<std::string, File> files_;
};

}  // namespace cpprof::report
