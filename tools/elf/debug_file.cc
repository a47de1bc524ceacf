// SPDX-License-Identifier: Apache-2.0
#include "tools/elf/debug_file.h"

#include <zlib.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "tools/base/path.h"

namespace cpprof::elf {
namespace {

using FileHandle = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

bool ChecksumIs(const std::string& path, uint32_t expected) {
  FileHandle file(std::fopen(path.c_str(), "rbe"), &std::fclose);
  if (!file) return false;
  std::vector<unsigned char> buffer(1 << 20);
  uLong sum = crc32(0, nullptr, 0);
  size_t size = 0;
  while ((size = std::fread(buffer.data(), 1, buffer.size(), file.get())) > 0) {
    sum = crc32(sum, buffer.data(), static_cast<uInt>(size));
  }
  return std::ferror(file.get()) == 0 && sum == expected;
}

// The directory the program really is in: debug files are laid out by real names.
std::string RealDirectory(const std::string& path) {
  std::unique_ptr<char, void (*)(void*)> real(realpath(path.c_str(), nullptr), &std::free);
  return DirName(real ? real.get() : path);
}

std::unique_ptr<File> OpenWithDebugInfo(const std::string& path) {
  auto opened = File::Open(path);
  if (!opened.ok() || !HasDebugInfo(**opened)) return nullptr;
  return std::move(*opened);
}

std::string PathForId(const std::string& root, const std::string& id) {
  return root + "/.build-id/" + id.substr(0, 2) + "/" + id.substr(2) + ".debug";
}

// Ids that are shorter name no file.
constexpr size_t kShortestId = 4;

std::unique_ptr<File> ByBuildId(const File& file, const std::vector<std::string>& roots) {
  const std::string& id = file.build_id();
  if (id.size() < kShortestId) return nullptr;
  for (const std::string& root : roots) {
    if (auto found = OpenDebugFile(PathForId(root, id), id)) return found;
  }
  return nullptr;
}

std::unique_ptr<File> ByDebugLink(const File& file, const std::vector<std::string>& roots) {
  const auto link = file.debug_link();
  // The link is a bare name; a path in it would lead out of the places we are willing to look at.
  if (!link || link->name.find('/') != std::string::npos) return nullptr;
  const std::string directory = RealDirectory(file.path());
  std::vector<std::string> places = {directory, JoinPath(directory, ".debug")};
  for (const std::string& root : roots) places.push_back(root + directory);
  for (const std::string& place : places) {
    const std::string path = JoinPath(place, link->name);
    if (path == file.path()) continue;
    auto found = OpenWithDebugInfo(path);
    if (!found) continue;
    const bool same_id = !file.build_id().empty() && found->build_id() == file.build_id();
    if (same_id || ChecksumIs(path, link->crc)) return found;
  }
  return nullptr;
}

}  // namespace

bool HasDebugInfo(const File& file) {
  return file.FindSection(".debug_info") != nullptr || file.FindSection(".zdebug_info") != nullptr;
}

std::unique_ptr<File> OpenDebugFile(const std::string& path, const std::string& build_id) {
  auto found = OpenWithDebugInfo(path);
  return found && found->build_id() == build_id ? std::move(found) : nullptr;
}

std::string FindDebugFileById(const std::string& build_id, const std::vector<std::string>& roots) {
  // The id comes from a profile, which may say anything.
  if (build_id.size() < kShortestId ||
      build_id.find_first_not_of("0123456789abcdef") != std::string::npos) {
    return {};
  }
  for (const std::string& root : roots) {
    std::string path = PathForId(root, build_id);
    if (OpenDebugFile(path, build_id)) return path;
  }
  return {};
}

std::unique_ptr<File> FindDebugFile(const File& file, const std::vector<std::string>& roots) {
  if (auto found = ByBuildId(file, roots)) return found;
  return ByDebugLink(file, roots);
}

}  // namespace cpprof::elf
