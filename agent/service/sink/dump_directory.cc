// SPDX-License-Identifier: Apache-2.0
#include "agent/service/sink/dump_directory.h"

#include <limits.h>
#include <unistd.h>

#include <algorithm>

#include "agent/service/base/process.h"
#include "agent/service/options/parse_value.h"
#include "agent/service/sink/atomic_file.h"
#include "agent/service/sink/gzip.h"

namespace pprofagent::service {
namespace {

constexpr std::string_view kSuffix = ".pb.gz";
constexpr size_t kSequenceDigits = 4;
constexpr int kMaxSequence = 999'999'999;
constexpr int kNameTries = 1000;

// Whose dumps may be called so: the executable's name and the kind may have dots
// and numbers as well.
std::vector<int> PossibleWriters(std::string_view dump) {
  std::vector<int> pids;
  size_t begin = dump.find('.');
  while (begin != std::string_view::npos && begin + 1 < dump.size()) {
    const size_t end = dump.find('.', ++begin);
    if (end == std::string_view::npos) break;
    const std::optional<int64_t> pid = ParseInteger(dump.substr(begin, end - begin), INT_MAX);
    DumpName name;
    if (pid && begin > 1 && ParseDumpName(dump, dump.substr(0, end + 1), &name)) {
      pids.push_back(static_cast<int>(*pid));
    }
    begin = end;
  }
  return pids;
}

// Of our own pid may be what an earlier process in the same place (a container
// started anew) has left.
bool IsLeftBehind(int directory, const std::string& file) {
  const std::vector<int> writers = PossibleWriters(NameOfTemporary(file));
  const auto is_gone = [](int pid) { return pid == getpid() || !ProcessExists(pid); };
  return !writers.empty() && std::all_of(writers.begin(), writers.end(), is_gone) &&
         IsAbandoned(directory, file);
}

}  // namespace

bool ParseDumpName(std::string_view file, std::string_view prefix, DumpName* name) {
  if (!file.starts_with(prefix) || !file.ends_with(kSuffix)) return false;
  if (file.size() < prefix.size() + kSuffix.size()) return false;
  file.remove_prefix(prefix.size());
  file.remove_suffix(kSuffix.size());
  const size_t dot = file.find('.');
  if (dot == std::string_view::npos || dot < kSequenceDigits || dot + 1 == file.size()) {
    return false;
  }
  const std::optional<int64_t> sequence = ParseInteger(file.substr(0, dot), kMaxSequence);
  if (!sequence) return false;
  name->sequence = static_cast<int>(*sequence);
  name->kind = file.substr(dot + 1);
  return true;
}

std::string FormatDumpName(std::string_view prefix, const DumpName& name) {
  std::string number = std::to_string(name.sequence);
  if (number.size() < kSequenceDigits) number.insert(0, kSequenceDigits - number.size(), '0');
  return std::string(prefix) + number + "." + name.kind + std::string(kSuffix);
}

Status DumpDirectory::Open(const std::string& path, std::string prefix, DumpDirectory* opened) {
  opened->path_ = path;
  opened->prefix_ = std::move(prefix);
  return OpenPrivateDirectory(path, &opened->directory_);
}

std::string DumpDirectory::Shown(const std::string& name) const { return path_ + "/" + name; }

int DumpDirectory::NextSequence() const {
  int next = 0;
  DumpName name;
  for (const std::string& file : List()) {
    if (ParseDumpName(file, prefix_, &name)) next = std::max(next, name.sequence + 1);
  }
  return next;
}

Status DumpDirectory::Write(DumpName name, const Producer& produce, std::string* shown) {
  std::string file_name = FormatDumpName(prefix_, name);
  AtomicFile file(directory_.get(), file_name, Shown(file_name));
  if (Status status = file.Open(); !status.ok()) return status;
  GzipStream compressed(&file);
  if (Status status = produce(&compressed); !status.ok()) return status;
  if (Status status = compressed.Finish(); !status.ok()) return status;
  Status published;
  for (int tries = 0; tries < kNameTries; ++tries) {
    published = file.Publish(AtomicFile::kKeepExisting);
    if (published.ok() || !file.exists()) break;
    ++name.sequence;
    file_name = FormatDumpName(prefix_, name);
    file.Rename(file_name, Shown(file_name));
  }
  *shown = file.shown();
  return published;
}

void DumpDirectory::Prune(std::string_view kind, int keep) {
  std::vector<int> sequences;
  DumpName name;
  for (const std::string& file : List()) {
    if (ParseDumpName(file, prefix_, &name) && name.kind == kind) {
      sequences.push_back(name.sequence);
    } else if (file.ends_with(kTemporarySuffix) && IsLeftBehind(directory_.get(), file)) {
      unlinkat(directory_.get(), file.c_str(), 0);
    }
  }
  std::sort(sequences.begin(), sequences.end(), std::greater<>());
  for (size_t i = static_cast<size_t>(keep); i < sequences.size(); ++i) {
    const DumpName old{sequences[i], std::string(kind)};
    unlinkat(directory_.get(), FormatDumpName(prefix_, old).c_str(), 0);
  }
}

}  // namespace pprofagent::service
