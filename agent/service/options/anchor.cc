// SPDX-License-Identifier: Apache-2.0
#include "agent/service/options/anchor.h"

#include <limits.h>
#include <unistd.h>

#include <string_view>

namespace pprofagent::service {
namespace {

bool IsRelative(std::string_view path) { return !path.empty() && !path.starts_with('/'); }

// The current directory as a pattern that expands to it; empty if it has no
// name (deleted, or out of reach).
std::string CurrentDirectory() {
  char buffer[PATH_MAX];
  if (getcwd(buffer, sizeof(buffer)) == nullptr) return std::string();
  std::string pattern;
  for (const char c : std::string_view(buffer)) pattern.append(c == '%' ? 2 : 1, c);
  return pattern;
}

void Anchor(std::string* path) {
  if (!IsRelative(*path)) return;
  const std::string directory = CurrentDirectory();
  if (!directory.empty()) *path = directory + "/" + *path;
}

}  // namespace

void AnchorPaths(Options* options) {
  Anchor(&options->dir);
  Anchor(&options->outputdir);
  if (options->outputdir.empty()) {
    Anchor(&options->cpuprofile);
    Anchor(&options->memprofile);
    Anchor(&options->blockprofile);
    Anchor(&options->mutexprofile);
  }
  if (!std::string_view(options->socket).starts_with("%d/")) Anchor(&options->socket);
  constexpr std::string_view kUnix = "unix:";
  if (options->http.starts_with(kUnix)) {
    std::string path = options->http.substr(kUnix.size());
    Anchor(&path);
    options->http = std::string(kUnix) + path;
  }
  const std::string_view log = options->log;
  if (log != "stderr" && !log.starts_with("%d/")) Anchor(&options->log);
}

}  // namespace pprofagent::service
