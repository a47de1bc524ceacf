// SPDX-License-Identifier: Apache-2.0
//
// See viewer.h.
#include "tools/driver/viewer.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <thread>
#include <utility>
#include <vector>

#include "tools/base/errno_text.h"
#include "tools/base/process.h"
#include "tools/base/strings.h"
#include "tools/base/whole_file.h"

namespace cpprof::driver {
namespace {

// What a viewer that hands the file to a running instance gets before the file is removed.
constexpr std::chrono::seconds kOpeningTime(1);

std::vector<std::string>& Files() {
  static auto* const files = new std::vector<std::string>;
  return *files;
}

// When the last of them was handed to a viewer.
std::chrono::steady_clock::time_point g_last_shown;

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
  Files().push_back(name);
  Status written = WriteBytes(descriptor, bytes, name);
  close(descriptor);
  if (!written.ok()) return written;
  return name;
}

// While a viewer runs, Ctrl-C is meant for it; then its file is removed as ever. A handler that
// does nothing, since "ignored" would be inherited.
class InterruptIgnored {
 public:
  explicit InterruptIgnored(bool active) : active_(active) {
    struct sigaction nothing = {};
    nothing.sa_handler = [](int) {};
    nothing.sa_flags = SA_RESTART;
    if (active_) sigaction(SIGINT, &nothing, &before_);
  }
  ~InterruptIgnored() {
    if (active_) sigaction(SIGINT, &before_, nullptr);
  }
  InterruptIgnored(const InterruptIgnored&) = delete;
  InterruptIgnored& operator=(const InterruptIgnored&) = delete;

 private:
  const bool active_;
  struct sigaction before_ = {};
};

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
    const InterruptIgnored ignored(wait);
    bool started = false;
    status = StartProgram(arguments, wait, &started);
    if (!started) continue;
    g_last_shown = std::chrono::steady_clock::now();
    break;
  }
  return status;
}

const std::vector<std::string>& ShownFiles() { return Files(); }

void AdoptShownFile(std::string file) {
  Files().push_back(std::move(file));
  g_last_shown = std::chrono::steady_clock::now();
}

void RemoveShownFiles() {
  if (!Files().empty()) std::this_thread::sleep_until(g_last_shown + kOpeningTime);
  for (const std::string& file : Files()) unlink(file.c_str());
  Files().clear();
}

}  // namespace cpprof::driver
