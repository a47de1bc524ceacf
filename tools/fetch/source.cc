// SPDX-License-Identifier: Apache-2.0
#include "tools/fetch/source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <new>

#include "tools/base/descriptor.h"
#include "tools/base/errno_text.h"
#include "tools/base/path.h"
#include "tools/base/strings.h"
#include "tools/fetch/dump_directory.h"
#include "tools/fetch/parse.h"
#include "tools/fetch/perf_data.h"
#include "tools/fetch/process_source.h"
#include "tools/fetch/url.h"

namespace cpprof::fetch {
namespace {

// Larger than any profile that could be worked with, from a file that says how long it is, from a
// pipe, and from a device, which may go on for ever.
constexpr uint64_t kMaxFile = uint64_t{8} << 30;
constexpr uint64_t kMaxStream = uint64_t{2} << 30;
constexpr uint64_t kMaxDevice = uint64_t{64} << 20;

uint64_t Limit(mode_t mode) {
  if (S_ISREG(mode)) return kMaxFile;
  return S_ISCHR(mode) || S_ISBLK(mode) ? kMaxDevice : kMaxStream;
}

Status TooLong(const std::string& path, uint64_t limit) {
  return Status::Error(StrFormat("read %s: longer than %llu MiB; refused", path.c_str(),
                                 static_cast<unsigned long long>(limit >> 20)));
}

Result<Bytes> ReadAll(int descriptor, const std::string& path, uint64_t size_hint, uint64_t limit) {
  static constexpr size_t kStep = 64 << 10;
  Bytes bytes;
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
    if (size > limit) return TooLong(path, limit);
  }
  bytes.resize(size);
  return bytes;
}

Result<FetchedSource> Parsed(std::string_view bytes, std::string url) {
  try {
    auto profile = ParseProfile(bytes);
    if (!profile.ok()) return profile.status();
    return FetchedSource{std::move(*profile), std::move(url)};
  } catch (const std::bad_alloc&) {
    return Status::Error("parsing profile: out of memory");
  }
}

Result<FetchedSource> FromFile(const std::string& path, Notices* notices) {
  const Activity reading(notices, "Reading " + path);
  auto bytes = ReadFile(path);
  if (bytes.ok() && IsPerfData(View(*bytes))) bytes = ConvertPerfData(path, notices);
  if (!bytes.ok()) return bytes.status();
  return Parsed(View(*bytes), "");
}

Result<FetchedSource> FromUrl(const Request& request, int seconds, const HttpClient& http,
                              Notices* notices) {
  notices->Print("Fetching profile over HTTP from " + request.url);
  if (seconds > 0) notices->Print("Please wait... (" + WaitText(seconds) + ")");
  Activity fetching(notices, "Fetching " + request.url);
  const auto bytes = http.Get(request.url, request.timeout_seconds, &fetching);
  if (!bytes.ok()) return bytes.status();
  return Parsed(*bytes, request.url);
}

// The profile of the kind named with the source, or else before it.
Result<FetchedSource> FromProcess(ProcessSource process, const Options& options,
                                  const HttpClient& http, Notices* notices) {
  if (process.kind.empty()) process.kind = CanonicalKind(options.kind);
  const auto found = FindProcessProfile(process);
  if (!found.ok()) return found.status();
  if (!found->note.empty()) notices->Print(found->note);
  if (!found->file.empty()) return FromFile(found->file, notices);
  return FromUrl(AdjustUnixUrl(found->url, options.seconds, options.timeout), options.seconds, http,
                 notices);
}

}  // namespace

std::string WaitText(int seconds) {
  if (seconds >= 3600) {
    return StrFormat("%dh%dm%ds", seconds / 3600, seconds / 60 % 60, seconds % 60);
  }
  if (seconds >= 60) return StrFormat("%dm%ds", seconds / 60, seconds % 60);
  return StrFormat("%ds", seconds);
}

Result<Bytes> ReadFile(const std::string& path) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat info;
  if (file.get() < 0 || fstat(file.get(), &info) != 0) {
    return Status::Error("open " + path + ": " + ErrnoText(errno));
  }
  if (S_ISDIR(info.st_mode)) {
    return Status::Error("read " + path + ": is a directory; for the newest heap dump in it say " +
                         JoinPath(path, "heap"));
  }
  const uint64_t limit = Limit(info.st_mode);
  const uint64_t size = S_ISREG(info.st_mode) ? static_cast<uint64_t>(info.st_size) : 0;
  if (size > limit) return TooLong(path, limit);
  try {
    return ReadAll(file.get(), path, size, limit);
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
  const auto process = ParseProcessSource(source);
  if (!process.ok()) return process.status();
  if (*process) return FromProcess(**process, options, http, notices);
  if (const auto request = AdjustUrl(source, options.seconds, options.timeout)) {
    return FromUrl(*request, options.seconds, http, notices);
  }
  return Status::Error("stat " + source + ": " + ErrnoText(error));
}

}  // namespace cpprof::fetch
