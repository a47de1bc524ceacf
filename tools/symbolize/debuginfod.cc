// SPDX-License-Identifier: Apache-2.0
#include "tools/symbolize/debuginfod.h"

#include <dlfcn.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "tools/base/errno_text.h"

namespace cpprof::symbolize {
namespace {

constexpr char kLibrary[] = "libdebuginfod.so.1";
constexpr std::chrono::seconds kPatience{90};

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

// The functions used of elfutils/debuginfod.h.
struct DebugInfoServers::Library {
  using Finder = int (*)(void* client, const unsigned char* build_id, int size, char** path);

  void* (*begin)() = nullptr;
  void (*end)(void* client) = nullptr;
  Finder find_debuginfo = nullptr;
  Finder find_executable = nullptr;
  void (*set_progress)(void* client,
                       int (*progress)(void* client, long done, long total)) = nullptr;
  void (*set_user_data)(void* client, void* data) = nullptr;
  void* (*user_data)(void* client) = nullptr;

  // Loaded once and for good: the libraries behind it do not like to be unloaded.
  static Library* Get() {
    static Library library;
    static const bool complete = library.Resolve();
    return complete ? &library : nullptr;
  }

 private:
  bool Resolve() {
    void* const handle = dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) return false;
    const auto resolve = [&](auto* function, const char* name) {
      *function = reinterpret_cast<std::remove_pointer_t<decltype(function)>>(dlsym(handle, name));
      return *function != nullptr;
    };
    return resolve(&begin, "debuginfod_begin") && resolve(&end, "debuginfod_end") &&
           resolve(&find_debuginfo, "debuginfod_find_debuginfo") &&
           resolve(&find_executable, "debuginfod_find_executable") &&
           resolve(&set_progress, "debuginfod_set_progressfn") &&
           resolve(&set_user_data, "debuginfod_set_user_data") &&
           resolve(&user_data, "debuginfod_get_user_data");
  }
};

DebugInfoServers::~DebugInfoServers() {
  if (client_ != nullptr) library_->end(client_);
}

bool DebugInfoServers::Configured() {
  return Variable("DEBUGINFOD_URLS").find_first_not_of(' ') != std::string::npos;
}

bool DebugInfoServers::Load() {
  if (client_ != nullptr) return true;
  library_ = Library::Get();
  if (library_ == nullptr) {
    GiveUp(std::string(kLibrary) + " is not there (Debian: libdebuginfod1)");
    return false;
  }
  client_ = library_->begin();
  if (client_ == nullptr) {
    GiveUp("its client cannot be started");
    return false;
  }
  library_->set_user_data(client_, this);
  library_->set_progress(client_, &Progress);
  return true;
}

int DebugInfoServers::Progress(void* client, long /*done*/, long /*total*/) {
  // Only called between begin and end of a search, so the library is there.
  const auto* self = static_cast<DebugInfoServers*>(Library::Get()->user_data(client));
  return std::chrono::steady_clock::now() > self->deadline_ ? 1 : 0;
}

void DebugInfoServers::GiveUp(const std::string& why) {
  given_up_ = true;
  notices_.Print("debuginfod is not asked for debug information: " + why +
                 " (DEBUGINFOD_URLS=" + Variable("DEBUGINFOD_URLS") + ")");
}

std::string DebugInfoServers::Find(const std::string& build_id, What what) {
  if (given_up_ || build_id.empty() || !Configured() || !Load()) return "";
  const auto started = std::chrono::steady_clock::now();
  const bool own_limit = !Variable("DEBUGINFOD_MAXTIME").empty();
  deadline_ =
      own_limit ? std::chrono::steady_clock::time_point::max() : started + (kPatience - waited_);
  char* path = nullptr;
  const auto find = what == kDebugInfo ? library_->find_debuginfo : library_->find_executable;
  // With a size of 0 the build id is text.
  const int found =
      find(client_, reinterpret_cast<const unsigned char*>(build_id.c_str()), 0, &path);
  waited_ += std::chrono::steady_clock::now() - started;
  std::string result;
  if (found >= 0) {
    close(found);
    if (path != nullptr) result = path;
  }
  std::free(path);
  if (found >= 0 || found == -ENOENT) return result;
  // Whatever it was: the next question would end the same way, after the same time.
  if (std::chrono::steady_clock::now() > deadline_) {
    GiveUp("no answer in time");
  } else {
    GiveUp(ErrnoText(-found));
  }
  return result;
}

}  // namespace cpprof::symbolize
