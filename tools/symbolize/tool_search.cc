// SPDX-License-Identifier: Apache-2.0
#include "tools/symbolize/tool_search.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <vector>

#include "tools/base/path.h"
#include "tools/base/strings.h"

namespace cpprof::symbolize {
namespace {

bool IsProgram(const std::string& path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) && access(path.c_str(), X_OK) == 0;
}

std::optional<std::string> FindInPath(std::string_view name) {
  const char* path = std::getenv("PATH");
  if (path == nullptr) return std::nullopt;
  for (const std::string_view directory : Split(path, ':')) {
    // An empty entry is the current directory, which nobody wants programs to be taken from.
    if (directory.empty()) continue;
    std::string candidate = JoinPath(directory, name);
    if (IsProgram(candidate)) return candidate;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> FindTool(std::string_view name, std::string_view tools_option) {
  std::vector<std::string_view> own;
  std::vector<std::string_view> common;
  for (const std::string_view entry : Split(tools_option, ',')) {
    const size_t colon = entry.find(':');
    if (colon == std::string_view::npos) {
      common.push_back(entry);
    } else if (entry.substr(0, colon) == name) {
      own.push_back(entry.substr(colon + 1));
    } else if (colon == 0) {
      common.push_back(entry.substr(1));
    }
  }
  own.insert(own.end(), common.begin(), common.end());
  for (const std::string_view directory : own) {
    if (directory.empty()) {
      if (auto found = FindInPath(name)) return found;
      continue;
    }
    std::string candidate = JoinPath(directory, name);
    if (IsProgram(candidate)) return candidate;
  }
  return std::nullopt;
}

AnswerStyle ChooseAnswerStyle(std::string_view tools_option) {
  if (FindTool("llvm-symbolizer", tools_option)) return AnswerStyle::kExact;
  return FindTool("addr2line", tools_option) ? AnswerStyle::kAddr2line : AnswerStyle::kExact;
}

}  // namespace cpprof::symbolize
