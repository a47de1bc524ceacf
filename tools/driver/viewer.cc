// SPDX-License-Identifier: Apache-2.0
//
// See viewer.h.
#include "tools/driver/viewer.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <thread>
#include <vector>

#include "tools/base/errno_text.h"
#include "tools/base/process.h"
#include "tools/base/strings.h"

namespace cpprof::driver {
namespace {

// What a viewer that hands the file to a running instance gets before the file is removed.
constexpr std::chrono::seconds kOpeningTime(1);

std::vector<std::string>& ShownFiles() {
  static auto* const files = new std::vector<std::string>;
  return *files;
}

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::vector<std::string> Browsers() {
  std::vector<std::string> browsers;
  if (const std::string own = Environment("BROWSER"); !own.empty()) browsers.push_back(own);
  for (const char* name : {"chrome", "google-chrome", "chromium", "firefox", "sensible-browser"}) {
    browsers.emplace_back(name);
  }
  // Needs a desktop to ask.
  if (!Environment("DISPLAY").empty()) browsers.emplace_back("xdg-open");
  return browsers;
}

Result<std::string> WriteTemporary(const std::string& bytes, std::string_view extension) {
  const std::string directory = Environment("TMPDIR");
  const std::string suffix = "." + std::string(extension);
  std::string name = (directory.empty() ? "/tmp" : directory) + "/pprofXXXXXX" + suffix;
  const int descriptor = mkostemps(name.data(), static_cast<int>(suffix.size()), O_CLOEXEC);
  if (descriptor < 0) return Status::Error("open " + name + ": " + ErrnoText(errno));
  ShownFiles().push_back(name);
  for (std::string_view rest = bytes; !rest.empty();) {
    const ssize_t count = write(descriptor, rest.data(), rest.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      Status failed = Status::Error("write " + name + ": " + ErrnoText(errno));
      close(descriptor);
      return failed;
    }
    rest.remove_prefix(static_cast<size_t>(count));
  }
  close(descriptor);
  return name;
}

}  // namespace

Status Show(const std::string& bytes, std::string_view program, std::string_view extension,
            bool wait) {
  const Result<std::string> file = WriteTemporary(bytes, extension);
  if (!file.ok()) return file.status();
  const std::vector<std::string> programs =
      program == "browser" ? Browsers() : std::vector<std::string>{std::string(program)};
  Status status = Status::Error("no program to show it with");
  for (const std::string& candidate : programs) {
    std::vector<std::string> arguments;
    for (const std::string_view word : Fields(candidate)) arguments.emplace_back(word);
    if (arguments.empty()) continue;
    arguments.push_back(*file);
    status = StartProgram(arguments, wait);
    if (!status.ok()) continue;
    if (wait) std::this_thread::sleep_for(kOpeningTime);
    break;
  }
  return status;
}

void RemoveShownFiles() {
  for (const std::string& file : ShownFiles()) unlink(file.c_str());
  ShownFiles().clear();
}

}  // namespace cpprof::driver
