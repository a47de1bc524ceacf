// SPDX-License-Identifier: Apache-2.0
#include "tools/fetch/source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <new>

#include "tools/base/errno_text.h"
#include "tools/base/strings.h"
#include "tools/fetch/dump_directory.h"
#include "tools/fetch/parse.h"
#include "tools/fetch/perf_data.h"
#include "tools/fetch/url.h"

namespace cpprof::fetch {
namespace {

// Larger than any profile that could be worked with.
constexpr uint64_t kMaxFile = uint64_t{8} << 30;

class Descriptor {
 public:
  explicit Descriptor(int descriptor) : descriptor_(descriptor) {}
  ~Descriptor() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

Result<std::string> ReadAll(int descriptor, const std::string& path, uint64_t size_hint) {
  static constexpr size_t kStep = 64 << 10;
  std::string bytes;
  bytes.resize(size_hint + 1);
  size_t size = 0;
  while (true) {
    if (size == bytes.size()) bytes.resize(bytes.size() + std::max(kStep, bytes.size()));
    const ssize_t got = read(descriptor, bytes.data() + size, bytes.size() - size);
    if (got == 0) break;
    if (got < 0) {
      if (errno == EINTR) continue;
      return Status::Error("read " + path + ": " + ErrnoText(errno));
    }
    size += static_cast<size_t>(got);
    if (size > kMaxFile) {
      return Status::Error(StrFormat("read %s: longer than %llu GiB; refused", path.c_str(),
                                     static_cast<unsigned long long>(kMaxFile >> 30)));
    }
  }
  bytes.resize(size);
  return bytes;
}

Result<FetchedSource> Parsed(Result<std::string> bytes, std::string url) {
  if (!bytes.ok()) return bytes.status();
  try {
    auto profile = ParseProfile(std::move(*bytes));
    if (!profile.ok()) return profile.status();
    return FetchedSource{std::move(*profile), std::move(url)};
  } catch (const std::bad_alloc&) {
    return Status::Error("parsing profile: out of memory");
  }
}

Result<FetchedSource> FromFile(const std::string& path, Notices* notices) {
  auto bytes = ReadFile(path);
  if (bytes.ok() && IsPerfData(*bytes)) bytes = ConvertPerfData(path, notices);
  return Parsed(std::move(bytes), "");
}

Result<FetchedSource> FromUrl(const Request& request, int seconds, const HttpClient& http,
                              Notices* notices) {
  notices->Print("Fetching profile over HTTP from " + request.url);
  if (seconds > 0) notices->Print("Please wait... (" + WaitText(seconds) + ")");
  return Parsed(http.Get(request.url, request.timeout_seconds), request.url);
}

}  // namespace

std::string WaitText(int seconds) {
  if (seconds >= 3600) {
    return StrFormat("%dh%dm%ds", seconds / 3600, seconds / 60 % 60, seconds % 60);
  }
  if (seconds >= 60) return StrFormat("%dm%ds", seconds / 60, seconds % 60);
  return StrFormat("%ds", seconds);
}

Result<std::string> ReadFile(const std::string& path) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat info;
  if (file.get() < 0 || fstat(file.get(), &info) != 0) {
    return Status::Error("open " + path + ": " + ErrnoText(errno));
  }
  if (S_ISDIR(info.st_mode)) return Status::Error("read " + path + ": is a directory");
  const uint64_t size = S_ISREG(info.st_mode) ? static_cast<uint64_t>(info.st_size) : 0;
  if (size > kMaxFile) {
    return Status::Error(StrFormat("read %s: longer than %llu GiB; refused", path.c_str(),
                                   static_cast<unsigned long long>(kMaxFile >> 30)));
  }
  try {
    return ReadAll(file.get(), path, size);
  } catch (const std::bad_alloc&) {
    return Status::Error("read " + path + ": out of memory");
  }
}

Result<FetchedSource> FetchSource(const std::string& source, const Options& options,
                                  const HttpClient& http, Notices* notices) {
  auto dump = ResolveDump(source, options.kind, options.pid);
  if (!dump.ok()) return dump.status();
  if (*dump) return FromFile(**dump, notices);
  struct stat info;
  if (stat(source.c_str(), &info) == 0) return FromFile(source, notices);
  const int error = errno;
  if (source.starts_with("unix:")) {
    return FromUrl(AdjustUnixUrl(source, options.seconds, options.timeout), options.seconds, http,
                   notices);
  }
  if (source.starts_with("pid:")) {
    return Status::Error(
        "pid: sources are not available in this version; unix:SOCKET/debug/pprof/heap is");
  }
  if (const auto request = AdjustUrl(source, options.seconds, options.timeout)) {
    return FromUrl(*request, options.seconds, http, notices);
  }
  return Status::Error("stat " + source + ": " + ErrnoText(error));
}

}  // namespace cpprof::fetch
