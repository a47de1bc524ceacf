// SPDX-License-Identifier: Apache-2.0
#include "agent/service/sink/named_file.h"

#include <errno.h>
#include <sys/stat.h>

#include "agent/service/base/directory.h"
#include "agent/service/sink/atomic_file.h"
#include "agent/service/sink/gzip.h"

namespace pprofagent::service {
namespace {

Status CheckReplaceable(int directory, const std::string& name, const std::string& path) {
  struct stat entry;
  if (fstatat(directory, name.c_str(), &entry, AT_SYMLINK_NOFOLLOW) != 0) return Status();
  if (S_ISREG(entry.st_mode)) return Status();
  return Status::Error("cannot write " + path +
                       ": it exists and is not a regular file; name another file");
}

}  // namespace

std::string JoinPath(std::string_view directory, std::string_view name) {
  if (directory.empty() || name.starts_with('/')) return std::string(name);
  std::string joined(directory);
  if (joined.back() != '/') joined += '/';
  return joined += name;
}

std::string WithPid(std::string_view path, int pid) {
  constexpr std::string_view kProfileSuffix = ".pb.gz";
  const size_t base = path.rfind('/') + 1;
  size_t suffix;
  if (path.substr(base).ends_with(kProfileSuffix)) {
    suffix = path.size() - kProfileSuffix.size();
  } else {
    suffix = path.rfind('.');
    if (suffix == std::string_view::npos || suffix <= base) suffix = path.size();
  }
  std::string with_pid(path.substr(0, suffix));
  with_pid += "." + std::to_string(pid);
  return with_pid += path.substr(suffix);
}

int64_t ModificationTime(const std::string& path) {
  struct stat entry;
  if (stat(path.c_str(), &entry) != 0) return 0;
  return int64_t{entry.st_mtim.tv_sec} * 1'000'000'000 + entry.st_mtim.tv_nsec;
}

Status WriteNamedFile(const NamedFile& file, const std::function<Status(ByteStream*)>& produce) {
  if (!MayOpenDescriptors()) {
    return Status::Error("cannot write " + file.path + ": " + std::string(kNoDescriptors));
  }
  const size_t slash = file.path.rfind('/');
  std::string parent = slash == std::string::npos ? "." : file.path.substr(0, slash);
  if (parent.empty()) parent = "/";
  const std::string name = file.path.substr(slash + 1);
  if (name.empty()) return Status::Error("cannot write " + file.path + ": it names no file");
  Descriptor directory;
  Status status = OpenNamedDirectory(parent, file.make_directory, &directory);
  if (!status.ok()) return status;
  status = CheckReplaceable(directory.get(), name, file.path);
  if (!status.ok()) return status;
  AtomicFile output(directory.get(), name, file.path);
  status = output.Open();
  if (!status.ok()) return status;
  GzipStream compressed(&output);
  status = produce(&compressed);
  if (status.ok()) status = compressed.Finish();
  if (status.ok()) status = output.Publish(AtomicFile::kReplaceExisting);
  return status;
}

}  // namespace pprofagent::service
