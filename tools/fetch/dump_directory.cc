// SPDX-License-Identifier: Apache-2.0
#include "tools/fetch/dump_directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <ctime>
#include <memory>
#include <set>
#include <tuple>

#include "tools/base/errno_text.h"
#include "tools/base/path.h"
#include "tools/base/strings.h"

namespace cpprof::fetch {
namespace {

constexpr std::string_view kProfileEnding = ".pb.gz";
constexpr std::string_view kTraceEnding = ".pftrace";
constexpr size_t kLeastSequenceDigits = 4;

bool AllDigits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](unsigned char c) { return std::isdigit(c) != 0; });
}

// Takes the part behind the last dot off `*name`.
std::string_view TakeLast(std::string_view* name) {
  const size_t dot = name->rfind('.');
  if (dot == std::string_view::npos) return {};
  const std::string_view part = name->substr(dot + 1);
  *name = name->substr(0, dot);
  return part;
}

struct DirectoryCloser {
  void operator()(DIR* directory) const { closedir(directory); }
};

bool Older(const Dump& a, const Dump& b) {
  return std::tie(a.time_nanos, a.sequence, a.path) < std::tie(b.time_nanos, b.sequence, b.path);
}

std::string LocalTime(int64_t nanos) {
  const auto seconds = static_cast<time_t>(nanos / 1000000000);
  struct tm parts;
  char text[32];
  if (localtime_r(&seconds, &parts) == nullptr ||
      std::strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &parts) == 0) {
    return "?";
  }
  return text;
}

std::string HumanSize(uint64_t bytes) {
  static constexpr const char* kUnits[] = {"B", "kB", "MB", "GB", "TB"};
  if (bytes < 1024) return StrFormat("%llu B", static_cast<unsigned long long>(bytes));
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  for (; value >= 1024 && unit + 1 < std::size(kUnits); ++unit) value /= 1024;
  return StrFormat("%.1f %s", value, kUnits[unit]);
}

// DIR[/KIND][@BACK]
struct Selection {
  std::string directory;
  std::string kind;
  size_t back = 0;
};

bool Exists(const std::string& path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0;
}

bool IsStandardKind(std::string_view kind) {
  for (const std::string_view known :
       {"allocs", "block", "contention", "cpu", "goroutine", "growth", "heap", "mutex", "profile",
        "threadcreate", "threads", "trace", "wall"}) {
    if (kind == known) return true;
  }
  return false;
}

// Whether there is a dump of a custom profile of this name.
bool HasKind(const std::string& directory, const std::string& kind) {
  const auto dumps = ListDumps(directory);
  return dumps.ok() && std::any_of(dumps->begin(), dumps->end(),
                                   [&](const Dump& dump) { return dump.kind == kind; });
}

std::optional<Selection> ParseSelection(const std::string& source, std::string_view kind) {
  Selection selection{source, std::string(kind), 0};
  if (IsDirectory(source)) {
    return kind.empty() ? std::nullopt : std::optional(selection);
  }
  if (Exists(source)) return std::nullopt;
  if (const size_t at = source.rfind('@'); at != std::string::npos) {
    const std::string_view back = std::string_view(source).substr(at + 1);
    const auto number = ParseUint(back, 10);
    if (!AllDigits(back) || !number) return std::nullopt;
    selection.back = *number;
    selection.directory = source.substr(0, at);
    if (IsDirectory(selection.directory)) {
      return kind.empty() ? std::nullopt : std::optional(selection);
    }
  }
  const std::string name = BaseName(selection.directory);
  // "http://host/heap" has no directory before its last part either.
  selection.directory = DirName(selection.directory);
  if (source.find('/') == std::string::npos || !IsDirectory(selection.directory)) {
    return std::nullopt;
  }
  selection.kind = name;
  if (!IsStandardKind(name) && !HasKind(selection.directory, name)) return std::nullopt;
  return selection;
}

std::string OfProcess(std::optional<int64_t> pid) {
  return pid ? " of process " + std::to_string(*pid) : std::string();
}

Status NoSuchKind(const Selection& selection, const std::vector<Dump>& dumps,
                  std::optional<int64_t> pid) {
  std::set<std::string> kinds;
  for (const Dump& dump : dumps) kinds.insert(dump.kind);
  return Status::Error("no " + selection.kind + " profile" + OfProcess(pid) + " in " +
                       selection.directory + ", only " + Join({kinds.begin(), kinds.end()}, ", "));
}

}  // namespace

std::optional<Dump> ParseDumpName(std::string_view name) {
  Dump dump;
  dump.path = name;
  const bool trace = name.ends_with(kTraceEnding);
  if (!trace && !name.ends_with(kProfileEnding)) return std::nullopt;
  name.remove_suffix(trace ? kTraceEnding.size() : kProfileEnding.size());
  dump.kind = TakeLast(&name);
  const std::string_view sequence = TakeLast(&name);
  const std::string_view pid = TakeLast(&name);
  if (dump.kind.empty() || name.empty() || name[0] == '.' || !AllDigits(pid) ||
      !AllDigits(sequence) || sequence.size() < kLeastSequenceDigits) {
    return std::nullopt;
  }
  const auto sequence_number = ParseUint(sequence, 10);
  const auto pid_number = ParseInt(pid);
  if (!sequence_number || !pid_number) return std::nullopt;
  dump.process = name;
  dump.sequence = *sequence_number;
  dump.pid = *pid_number;
  return dump;
}

std::string CanonicalKind(std::string_view kind) {
  if (kind == "profile") return "cpu";
  if (kind == "threads") return "goroutine";
  return std::string(kind);
}

bool IsDirectory(const std::string& path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

Result<std::vector<Dump>> ListDumps(const std::string& directory, std::optional<int64_t> pid) {
  const std::unique_ptr<DIR, DirectoryCloser> handle(opendir(directory.c_str()));
  if (!handle) {
    return Status::Error("cannot read the dump directory " + directory + ": " + ErrnoText(errno));
  }
  std::vector<Dump> dumps;
  while (const dirent* entry = readdir(handle.get())) {
    auto dump = ParseDumpName(entry->d_name);
    struct stat info;
    if (!dump || (pid && dump->pid != *pid) ||
        fstatat(dirfd(handle.get()), entry->d_name, &info, 0) != 0 || !S_ISREG(info.st_mode)) {
      continue;
    }
    dump->path = JoinPath(directory, entry->d_name);
    dump->time_nanos = int64_t{info.st_mtim.tv_sec} * 1000000000 + info.st_mtim.tv_nsec;
    dump->size = static_cast<uint64_t>(info.st_size);
    dumps.push_back(std::move(*dump));
  }
  if (dumps.empty()) {
    return Status::Error("no profiles" + OfProcess(pid) + " in " + directory +
                         "; the agent's are called EXE.PID.SEQ.KIND.pb.gz");
  }
  std::sort(dumps.begin(), dumps.end(), Older);
  return dumps;
}

std::string FormatDumps(const std::vector<Dump>& dumps) {
  std::vector<std::vector<std::string>> rows = {{"PROCESS", "PID", "KIND", "TIME", "SIZE", "FILE"}};
  for (const Dump& dump : dumps) {
    rows.push_back({dump.process, std::to_string(dump.pid), dump.kind, LocalTime(dump.time_nanos),
                    HumanSize(dump.size), BaseName(dump.path)});
  }
  std::vector<size_t> widths(rows[0].size());
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], RuneCount(row[i]));
  }
  std::string table;
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      const bool number = i == 1 || i == 4;
      const bool last = i + 1 == row.size();
      table += last ? row[i] : number ? PadLeft(row[i], widths[i]) : PadRight(row[i], widths[i]);
      table += last ? "\n" : "  ";
    }
  }
  return table;
}

Result<std::optional<std::string>> ResolveDump(const std::string& source, std::string_view kind,
                                               std::optional<int64_t> pid) {
  auto selection = ParseSelection(source, CanonicalKind(kind));
  if (!selection) return std::optional<std::string>();
  selection->kind = CanonicalKind(selection->kind);
  auto dumps = ListDumps(selection->directory, pid);
  if (!dumps.ok()) return dumps.status();
  std::vector<const Dump*> matching;
  for (const Dump& dump : *dumps) {
    if (dump.kind == selection->kind) matching.push_back(&dump);
  }
  if (matching.empty()) return NoSuchKind(*selection, *dumps, pid);
  if (selection->back >= matching.size()) {
    return Status::Error(StrFormat("only %zu %s profile(s)%s in %s; @%zu is too far back",
                                   matching.size(), selection->kind.c_str(), OfProcess(pid).c_str(),
                                   selection->directory.c_str(), selection->back));
  }
  return std::optional(matching[matching.size() - 1 - selection->back]->path);
}

}  // namespace cpprof::fetch
