// SPDX-License-Identifier: Apache-2.0
//
// See source_files.h.
#include "tools/report/source_files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdio>
#include <memory>

#include "tools/base/errno_text.h"
#include "tools/base/path.h"
#include "tools/base/strings.h"

namespace cpprof::report {
namespace {

// The elements of a search path; an empty path has none.
std::vector<std::string_view> PathList(std::string_view path) {
  return path.empty() ? std::vector<std::string_view>() : Split(path, ':');
}

Result<std::string> ReadWholeFile(const std::string& path) {
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "rbe"), &std::fclose);
  if (file == nullptr) return Status::Error("open " + path + ": " + ErrnoText(errno));
  // The name comes from the profile: a device would never end, a pipe would wait.
  struct stat info = {};
  if (fstat(fileno(file.get()), &info) != 0) {
    return Status::Error("stat " + path + ": " + ErrnoText(errno));
  }
  if (!S_ISREG(info.st_mode)) return Status::Error("read " + path + ": is not a regular file");
  std::string text;
  char buffer[64 * 1024];
  for (;;) {
    const size_t count = std::fread(buffer, 1, sizeof(buffer), file.get());
    text.append(buffer, count);
    if (count > 0) continue;
    if (std::ferror(file.get()) != 0) {
      return Status::Error("read " + path + ": " + ErrnoText(errno));
    }
    return text;
  }
}

}  // namespace

Result<std::string> SourcePathOrDefault(const std::string& source_path) {
  if (!source_path.empty()) return source_path;
  char buffer[PATH_MAX];
  if (getcwd(buffer, sizeof(buffer)) == nullptr) {
    return Status::Error("could not stat current dir");
  }
  return std::string(buffer);
}

std::string TrimFileName(std::string_view file, std::string_view trim_path,
                         std::string_view source_path) {
  if (trim_path.empty()) {
    // /there/project/src/a.cc, with /here/project on the path, is src/a.cc.
    for (const std::string_view directory : PathList(source_path)) {
      const std::string want = "/" + BaseName(directory) + "/";
      const size_t at = file.find(want);
      if (at != std::string_view::npos) return std::string(file.substr(at + want.size()));
    }
  }
  std::vector<std::string_view> prefixes = PathList(trim_path);
  prefixes.push_back("/proc/self/cwd/./");
  prefixes.push_back("/proc/self/cwd/");
  for (const std::string_view prefix : prefixes) {
    std::string want(prefix);
    if (want.empty() || want.back() != '/') want += '/';
    if (file.substr(0, want.size()) == want) return std::string(file.substr(want.size()));
  }
  return std::string(file);
}

void TrimFileNames(profile::Profile* profile, std::string_view trim_path,
                   std::string_view source_path) {
  std::vector<profile::StringId> trimmed(profile->strings->size(), profile::kNone);
  for (profile::Function& function : profile->functions) {
    profile::StringId& known = trimmed[function.filename];
    if (known == profile::kNone) {
      const std::string_view file = profile->Text(function.filename);
      known = profile->Intern(TrimFileName(file, trim_path, source_path));
    }
    function.filename = known;
  }
}

std::optional<std::string_view> SourceFiles::Line(const std::string& file, int64_t number) {
  const File& loaded = Load(file);
  if (number < 1 || static_cast<uint64_t>(number) > loaded.lines.size()) return std::nullopt;
  return loaded.lines[static_cast<size_t>(number - 1)];
}

const SourceFiles::File& SourceFiles::Load(const std::string& file) {
  const auto [entry, is_new] = files_.try_emplace(file);
  File& loaded = entry->second;
  if (!is_new) return loaded;
  Result<std::string> text = Read(file);
  if (!text.ok()) {
    loaded.status = text.status();
    return loaded;
  }
  loaded.text = std::move(*text);
  std::string_view rest = loaded.text;
  while (!rest.empty()) {
    const size_t end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    loaded.lines.push_back(line);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  return loaded;
}

Result<std::string> SourceFiles::Read(const std::string& file) const {
  const std::string path = TrimFileName(file, trim_path_, source_path_);
  if (IsAbsolutePath(path)) return ReadWholeFile(path);
  for (const std::string_view entry : PathList(source_path_)) {
    std::string directory(entry);
    for (;;) {
      Result<std::string> text = ReadWholeFile(JoinPath(directory, path));
      if (text.ok()) return text;
      std::string parent = DirName(directory);
      if (parent == directory) break;
      directory = std::move(parent);
    }
  }
  return Status::Error("could not find file " + path + " on path " + source_path_);
}

}  // namespace cpprof::report
