// SPDX-License-Identifier: Apache-2.0
//
// See symbol_cache.h.
#include "tools/symbolize/symbol_cache.h"

#include <fcntl.h>
#include <libdeflate.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <system_error>
#include <vector>

#include "tools/base/column.h"
#include "tools/base/descriptor.h"
#include "tools/base/path.h"
#include "tools/base/strings.h"

namespace cpprof::symbolize {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kDefaultLimit = uint64_t{256} << 20;
// One program may take up so much of it.
constexpr uint64_t kShare = 2;
constexpr size_t kLongestBuildId = 64;
constexpr std::string_view kTemporary = ".writing.";
constexpr time_t kAbandonedSeconds = 3600;

// In front of every file. The numbers are those of this machine, which wrote it.
struct FileHeader {
  char magic[8] = {'c', 'p', 'p', 's', 'y', 'm', '0', '1'};
  uint32_t checksum = 0;  // of everything behind the header
  uint32_t key_size = 0;
};

// FNV-1a: the same in every build, which std::hash is not.
uint64_t StableHash(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return hash;
}

bool IsHexadecimal(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; });
}

bool ReadWhole(int descriptor, size_t size, Bytes* bytes) {
  bytes->resize(size);
  size_t done = 0;
  while (done < size) {
    const ssize_t got = read(descriptor, bytes->data() + done, size - done);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    done += static_cast<size_t>(got);
  }
  return true;
}

bool WriteWhole(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

// What is in the file, behind the key; nothing when it is not the file of this key.
std::string_view Contents(std::string_view bytes, const std::string& key) {
  FileHeader header;
  const FileHeader ours;
  if (bytes.size() < sizeof(header)) return {};
  std::memcpy(&header, bytes.data(), sizeof(header));
  bytes.remove_prefix(sizeof(header));
  if (std::memcmp(header.magic, ours.magic, sizeof(ours.magic)) != 0) return {};
  if (bytes.substr(0, header.key_size) != key) return {};
  if (libdeflate_crc32(0, bytes.data(), bytes.size()) != header.checksum) return {};
  return bytes.substr(key.size());
}

std::string FullKey(const CacheKey& key) { return key.build_id + "\n" + key.details; }

}  // namespace

SymbolCache SymbolCache::FromEnvironment() {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  };
  uint64_t limit = kDefaultLimit;
  if (const auto megabytes = ParseUint(variable("CPPROF_SYMBOL_CACHE_MB"), 10)) {
    limit = std::min<uint64_t>(*megabytes, uint64_t{1} << 20) << 20;
  }
  std::string directory = variable("CPPROF_SYMBOL_CACHE");
  if (directory == "off" || limit == 0) return {"", 0};
  if (directory.empty() && variable("XDG_CACHE_HOME").starts_with('/')) {
    directory = JoinPath(variable("XDG_CACHE_HOME"), "cpprof");
  }
  if (directory.empty() && variable("HOME").starts_with('/')) {
    directory = JoinPath(variable("HOME"), ".cache/cpprof");
  }
  return {std::move(directory), limit};
}

std::string SymbolCache::PathOf(const CacheKey& key) const {
  if (!enabled() || key.build_id.size() < 8 || key.build_id.size() > kLongestBuildId ||
      !IsHexadecimal(key.build_id)) {
    return "";
  }
  const auto hash = static_cast<unsigned long long>(StableHash(key.details));
  return JoinPath(directory_, key.build_id + StrFormat(".%016llx", hash));
}

void SymbolCache::Load(const CacheKey& key, FactTable* table) const {
  const std::string path = PathOf(key);
  if (path.empty()) return;
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat info;
  if (file.get() < 0 || fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode) ||
      info.st_uid != geteuid() || static_cast<uint64_t>(info.st_size) > limit_) {
    return;
  }
  Bytes bytes;
  if (!ReadWhole(file.get(), static_cast<size_t>(info.st_size), &bytes)) return;
  const std::string_view contents = Contents(View(bytes), FullKey(key));
  if (contents.empty() || !table->Parse(contents)) return;
  // Used now, for RemoveOldest.
  (void)futimens(file.get(), nullptr);
}

bool SymbolCache::PrepareDirectory() const {
  std::error_code error;
  const std::string parent = DirName(directory_);
  fs::create_directories(parent, error);
  if (mkdir(directory_.c_str(), 0700) != 0 && errno != EEXIST) return false;
  struct stat info;
  return lstat(directory_.c_str(), &info) == 0 && S_ISDIR(info.st_mode) &&
         info.st_uid == geteuid() && (info.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

void SymbolCache::Save(const CacheKey& key, const FactTable& table) const {
  const std::string path = PathOf(key);
  if (path.empty() || !PrepareDirectory()) return;
  const std::string full_key = FullKey(key);
  const std::string body = full_key + table.Serialize();
  if (body.size() > limit_ / kShare) return;
  FileHeader header;
  header.checksum = libdeflate_crc32(0, body.data(), body.size());
  header.key_size = static_cast<uint32_t>(full_key.size());
  std::string temporary = JoinPath(directory_, std::string(kTemporary) + "XXXXXX");
  // Mode 0600.
  const Descriptor file(mkostemp(temporary.data(), O_CLOEXEC));
  if (file.get() < 0) return;
  const bool written =
      WriteWhole(file.get(), {reinterpret_cast<const char*>(&header), sizeof(header)}) &&
      WriteWhole(file.get(), body) && rename(temporary.c_str(), path.c_str()) == 0;
  if (!written) unlink(temporary.c_str());
  RemoveOldest();
}

void SymbolCache::RemoveOldest() const {
  struct Entry {
    std::string path;
    time_t used = 0;
    uint64_t size = 0;
  };
  std::vector<Entry> entries;
  uint64_t total = 0;
  std::error_code error;
  for (fs::directory_iterator at(directory_, error), end; !error && at != end;
       at.increment(error)) {
    Entry entry{.path = at->path().string()};
    struct stat info;
    if (lstat(entry.path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) continue;
    const std::string name = BaseName(entry.path);
    if (name.starts_with(kTemporary)) {
      // Of a writer that died.
      if (info.st_mtime + kAbandonedSeconds < std::time(nullptr)) unlink(entry.path.c_str());
      continue;
    }
    // Whatever else is there is not ours.
    const size_t dot = name.find('.');
    if (dot == std::string::npos || !IsHexadecimal(name.substr(0, dot)) ||
        !IsHexadecimal(name.substr(dot + 1))) {
      continue;
    }
    entry.used = info.st_mtime;
    entry.size = static_cast<uint64_t>(info.st_size);
    total += entry.size;
    entries.push_back(std::move(entry));
  }
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.used < b.used; });
  for (const Entry& entry : entries) {
    if (total <= limit_) break;
    if (unlink(entry.path.c_str()) == 0) total -= entry.size;
  }
}

}  // namespace cpprof::symbolize
