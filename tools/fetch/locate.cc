// SPDX-License-Identifier: Apache-2.0
#include "tools/fetch/locate.h"

#include <glob.h>

#include <cstdlib>

#include "tools/base/path.h"
#include "tools/base/strings.h"
#include "tools/elf/file.h"
#include "tools/elf/mapping_base.h"

namespace cpprof::fetch {
namespace {

std::vector<std::string> FilesIn(const std::string& directory) {
  std::string pattern;
  for (const char c : directory) {
    // The directory's name is meant literally.
    if (std::string_view("*?[\\").find(c) != std::string_view::npos) pattern += '\\';
    pattern += c;
  }
  glob_t found;
  std::vector<std::string> files;
  if (glob((pattern + "/*").c_str(), 0, nullptr, &found) == 0) {
    files.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  }
  globfree(&found);
  return files;
}

// Whether the file can be what was mapped there.
bool Fits(const elf::File& file, const profile::Mapping& mapping) {
  const elf::MappingRange range{mapping.start, mapping.limit, mapping.offset, std::nullopt};
  // Whether a kernel fits depends on its symbols; symbolization will tell.
  if (elf::MayBeKernel(file.path(), range)) return true;
  return elf::BaseForSegment(file.type(), file.TextSegment(), range).ok();
}

// The first candidate that exists and has the right build id; empty if none.
std::string FindBinary(const std::vector<std::string>& directories, const profile::Mapping& mapping,
                       const std::string& file, const std::string& build_id, Notices* notices) {
  for (const std::string& directory : directories) {
    for (const std::string& name : BinaryCandidates(directory, file, build_id)) {
      const auto found = elf::File::Open(name);
      if (!found.ok() || !Fits(**found, mapping)) continue;
      if (build_id.empty() || (*found)->build_id() == build_id) return name;
      notices->Print("Ignoring local file " + name + ": build-id mismatch (" + build_id +
                     " != " + (*found)->build_id() + ")");
    }
  }
  return {};
}

}  // namespace

std::vector<std::string> BinarySearchPath() {
  const char* path = std::getenv("PPROF_BINARY_PATH");
  if (path != nullptr && *path != '\0') {
    std::vector<std::string> directories;
    for (const std::string_view part : Split(path, ':')) directories.emplace_back(part);
    return directories;
  }
  const char* home = std::getenv("HOME");
  return {JoinPath(home == nullptr ? "" : home, "pprof/binaries")};
}

std::vector<std::string> BinaryCandidates(const std::string& directory, const std::string& file,
                                          const std::string& build_id) {
  std::vector<std::string> names;
  const std::string base = file.empty() ? std::string() : BaseName(file);
  if (!build_id.empty()) {
    const std::string own = JoinPath(directory, build_id);
    names.push_back(JoinPath(own, base));
    for (std::string& name : FilesIn(own)) names.push_back(std::move(name));
    // As perf keeps them, and as debuggers do.
    names.push_back(JoinPath(JoinPath(directory, file), build_id));
    if (build_id.size() > 2) {
      names.push_back(
          JoinPath(JoinPath(directory, build_id.substr(0, 2)), build_id.substr(2) + ".debug"));
    }
  }
  if (!file.empty()) {
    const std::string at = DirName(file);
    names.push_back(JoinPath(directory, base));
    names.push_back(JoinPath(directory, file));
    names.push_back(JoinPath(directory, file + ".debug"));
    names.push_back(JoinPath(JoinPath(directory, at), ".debug/" + base + ".debug"));
    names.push_back(JoinPath(JoinPath(JoinPath(directory, "usr/lib/debug"), at), base + ".debug"));
  }
  return names;
}

void LocateBinaries(const std::vector<std::string>& directories, const std::string& executable,
                    const std::string& build_id, profile::Profile* profile, Notices* notices) {
  for (profile::Mapping& mapping : profile->mappings) {
    const std::string found =
        FindBinary(directories, mapping, std::string(profile->Text(mapping.file)),
                   std::string(profile->Text(mapping.build_id)), notices);
    if (!found.empty()) mapping.file = profile->Intern(found);
  }
  if (profile->mappings.empty()) {
    const profile::MappingIndex made_up = profile->AddMapping({});
    for (profile::Location& location : profile->locations) location.mapping = made_up;
  }
  profile::Mapping& main = profile->mappings.front();
  if (!executable.empty()) main.file = profile->Intern(executable);
  if (main.build_id == 0) main.build_id = profile->Intern(build_id);
}

}  // namespace cpprof::fetch
