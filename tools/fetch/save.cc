// SPDX-License-Identifier: Apache-2.0
//
// Keeping copies of fetched profiles; see fetch.h.
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "tools/base/errno_text.h"
#include "tools/base/gzip.h"
#include "tools/base/path.h"
#include "tools/base/strings.h"
#include "tools/base/whole_file.h"
#include "tools/fetch/fetch.h"
#include "tools/profile/encode.h"

namespace cpprof::fetch {
namespace {

constexpr int kMaxNumber = 9999;

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

Result<std::string> Write(const profile::Profile& profile, const std::string& directory) {
  const auto bytes = GzipCompress(profile::Encode(profile));
  if (!bytes.ok()) return bytes.status();
  const std::string prefix = Prefix(profile);
  const auto name = [&](int number) {
    return JoinPath(directory, prefix + StrFormat("%03d.pb.gz", number));
  };
  return WriteNumberedFile(name, kMaxNumber, prefix + "NNN.pb.gz", *bytes);
}

}  // namespace

void SaveCopy(const profile::Profile& profile, Notices* notices) {
  const std::string directory = ChooseDirectory(notices);
  if (directory.empty()) {
    notices->Print("Could not save profile: failed to identify temp dir");
    return;
  }
  const Result<std::string> path = Write(profile, directory);
  notices->Print(path.ok() ? "Saved profile in " + *path
                           : "Could not save profile: " + path.message());
}

}  // namespace cpprof::fetch
