// SPDX-License-Identifier: Apache-2.0
//
// Keeping copies of fetched profiles; see fetch.h.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "tools/base/errno_text.h"
#include "tools/base/gzip.h"
#include "tools/base/path.h"
#include "tools/base/strings.h"
#include "tools/fetch/fetch.h"
#include "tools/profile/encode.h"

namespace cpprof::fetch {
namespace {

constexpr int kMaxNumber = 10000;

// The first directory of the list that exists or can be made.
std::string ChooseDirectory(Notices* notices) {
  std::vector<std::string> candidates;
  if (const char* own = std::getenv("PPROF_TMPDIR"); own != nullptr && *own != '\0') {
    candidates.emplace_back(own);
  }
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0') {
    candidates.push_back(JoinPath(home, "pprof"));
  }
  const char* temporary = std::getenv("TMPDIR");
  candidates.emplace_back(temporary == nullptr || *temporary == '\0' ? "/tmp" : temporary);
  for (const std::string& directory : candidates) {
    std::error_code error;
    std::filesystem::create_directories(directory, error);
    if (!error) return directory;
    notices->Print("Could not use temp dir " + directory + ": mkdir " + directory + ": " +
                   ErrnoText(error.value()));
  }
  return {};
}

// "pprof.PROGRAM.TYPE.TYPE."
std::string Prefix(const profile::Profile& profile) {
  std::string prefix = "pprof.";
  if (!profile.mappings.empty() && profile.mappings[0].file != 0) {
    prefix += BaseName(profile.Text(profile.mappings[0].file)) + ".";
  }
  for (const profile::ValueType& type : profile.sample_types) {
    prefix += std::string(profile.Text(type.type)) + ".";
  }
  // Types come from a server; a slash in one must not lead elsewhere.
  return ReplaceAll(prefix, "/", "_");
}

// Opens the first name that is free, which two processes may try at the same time.
Result<int> OpenNew(const std::string& directory, const std::string& prefix, std::string* path) {
  for (int number = 1; number < kMaxNumber; ++number) {
    *path = JoinPath(directory, prefix + StrFormat("%03d.pb.gz", number));
    const int descriptor =
        open(path->c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR | 0066);
    if (descriptor >= 0) return descriptor;
    if (errno != EEXIST) return Status::Error("open " + *path + ": " + ErrnoText(errno));
  }
  return Status::Error("could not create file of the form " + prefix + "NNN.pb.gz");
}

Status WriteAll(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) return Status::Error(ErrnoText(errno));
    if (written > 0) bytes.remove_prefix(static_cast<size_t>(written));
  }
  return Status::Ok();
}

Status Write(const profile::Profile& profile, const std::string& directory, std::string* path) {
  const auto bytes = GzipCompress(profile::Encode(profile));
  if (!bytes.ok()) return bytes.status();
  const auto descriptor = OpenNew(directory, Prefix(profile), path);
  if (!descriptor.ok()) return descriptor.status();
  Status status = WriteAll(*descriptor, *bytes);
  if (close(*descriptor) != 0 && status.ok()) status = Status::Error(ErrnoText(errno));
  // Half a profile is worse than none.
  if (!status.ok()) unlink(path->c_str());
  return status.Annotate("write " + *path);
}

}  // namespace

void SaveCopy(const profile::Profile& profile, Notices* notices) {
  const std::string directory = ChooseDirectory(notices);
  if (directory.empty()) {
    notices->Print("Could not save profile: failed to identify temp dir");
    return;
  }
  std::string path;
  const Status status = Write(profile, directory, &path);
  notices->Print(status.ok() ? "Saved profile in " + path
                             : "Could not save profile: " + status.message());
}

}  // namespace cpprof::fetch
