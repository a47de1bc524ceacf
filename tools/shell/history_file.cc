// SPDX-License-Identifier: Apache-2.0
//
// See history_file.h.
#include "tools/shell/history_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "tools/base/path.h"
#include "tools/base/strings.h"
#include "tools/base/whole_file.h"

namespace cpprof::shell {
namespace {

constexpr mode_t kPrivateFile = 0600;
constexpr mode_t kPrivateDirectory = 0700;
// Something else than a history of ours.
constexpr off_t kMaxFile = off_t{16} << 20;

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// A regular file, or -1; opening never waits.
int OpenRegular(const std::string& path, int flags) {
  const int descriptor =
      open(path.c_str(), flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, kPrivateFile);
  struct stat info = {};
  if (descriptor >= 0 && (fstat(descriptor, &info) != 0 || !S_ISREG(info.st_mode))) {
    close(descriptor);
    return -1;
  }
  return descriptor;
}

// All of the file; empty if it cannot be read or is too long to be one of ours.
std::string ReadSmall(const std::string& path) {
  const int descriptor = OpenRegular(path, O_RDONLY);
  if (descriptor < 0) return "";
  std::string text;
  char buffer[16 * 1024];
  for (;;) {
    const ssize_t count = read(descriptor, buffer, sizeof(buffer));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    text.append(buffer, static_cast<size_t>(count));
    if (text.size() > kMaxFile) text.clear();
    if (text.empty()) break;
  }
  close(descriptor);
  return text;
}

}  // namespace

std::string HistoryPath() {
  std::string state = Environment("XDG_STATE_HOME");
  // The specification wants an absolute path and nothing else to be believed.
  if (!IsAbsolutePath(state)) {
    const std::string home = Environment("HOME");
    if (home.empty()) return "";
    state = JoinPath(home, ".local/state");
  }
  return JoinPath(state, "cpprof/history");
}

std::vector<std::string> HistoryFile::Load() const {
  std::vector<std::string> lines;
  if (path_.empty()) return lines;
  const std::string text = ReadSmall(path_);
  for (const std::string_view line : Split(text, '\n')) {
    if (!line.empty()) lines.emplace_back(line);
  }
  if (lines.size() <= kKept) return lines;
  const bool too_long = lines.size() > 2 * kKept;
  lines.erase(lines.begin(), lines.end() - kKept);
  // What another shell adds at this very moment may be lost; nothing else.
  if (too_long) static_cast<void>(WriteWholeFile(path_, Join(lines, "\n") + "\n"));
  return lines;
}

void HistoryFile::Append(std::string_view line) const {
  if (path_.empty() || line.find('\n') != std::string_view::npos) return;
  const std::string directory = DirName(path_);
  std::error_code ignored;
  std::filesystem::create_directories(DirName(directory), ignored);
  mkdir(directory.c_str(), kPrivateDirectory);
  const int descriptor = OpenRegular(path_, O_WRONLY | O_APPEND | O_CREAT);
  if (descriptor < 0) return;
  // Whoever made it, and with whatever umask.
  fchmod(descriptor, kPrivateFile);
  const std::string text = std::string(line) + "\n";
  // One call, so that lines of two shells do not mix.
  static_cast<void>(write(descriptor, text.data(), text.size()) < 0);
  close(descriptor);
}

}  // namespace cpprof::shell
