// SPDX-License-Identifier: Apache-2.0
//
// A listing of all threads with their stacks:
//
//     --- threadz 1 ---
//     --- Thread 7f794ab90940 (name: main/14748) stack: ---
//       PC: 0x4011c3 f(): g()
//       0x401304 ...
//     --- Thread 7f794ab90941 (name: worker/14749) stack: ---
//       [same as previous thread]
//
// The list ends at the memory map (or "---- no stack trace for"); without one it is another format.
#include <string>
#include <vector>

#include "tools/base/strings.h"
#include "tools/profile/legacy/builder.h"
#include "tools/profile/legacy/memory_map.h"
#include "tools/profile/legacy/numbers.h"
#include "tools/profile/legacy/parsers.h"
#include "tools/profile/legacy/pattern.h"

namespace cpprof::profile::legacy {
namespace {

bool IsThreadStart(std::string_view line) {
  static const Pattern pattern(R"(--- Thread ([[:xdigit:]]+) \(name: (.*)/(\d+)\) stack: ---)");
  return pattern.Matches(line);
}

// Reads the addresses of a thread up to the next line of dashes, which is left in *next_line. None
// if the thread has no stack of its own.
Result<std::vector<uint64_t>> ReadStack(LineReader* lines, std::string* next_line) {
  std::vector<uint64_t> addresses;
  bool same_as_previous = false;
  next_line->clear();
  while (lines->Next()) {
    const std::string_view line = TrimSpace(lines->line());
    *next_line = line;
    if (line.empty()) continue;
    if (line.starts_with("---")) break;
    if (line.find("same as previous thread") != std::string_view::npos) {
      same_as_previous = true;
      continue;
    }
    const auto found = ParseHexAddresses(line);
    if (!found.ok()) return found.status().Annotate("malformed sample: " + std::string(line));
    addresses.insert(addresses.end(), found->begin(), found->end());
  }
  if (!lines->status().ok()) return lines->status();
  if (same_as_previous) addresses.clear();
  return addresses;
}

// Goes to the first thread; nothing when the text does not start like a listing of threads.
std::optional<std::string> FindFirstThread(LineReader* lines) {
  static const Pattern start(R"(--- threadz \d+ ---)");
  while (lines->Next() && IsSpaceOrComment(lines->line())) {
  }
  std::string line(lines->line());
  if (!start.Matches(line)) {
    return IsThreadStart(line) ? std::optional(line) : std::nullopt;
  }
  while (lines->Next()) {
    line = lines->line();
    if (IsMemoryMapHeadline(line) || line.starts_with('-')) break;
  }
  return line;
}

}  // namespace

Parsed ParseThreads(std::string_view bytes) {
  LineReader lines(bytes);
  auto line = FindFirstThread(&lines);
  if (!line) return kOtherFormat;
  Builder builder;
  Profile& profile = builder.profile();
  profile.AddSampleType("thread", "count");
  profile.period_type = profile.sample_types[0];
  profile.period = 1;
  while (!IsMemoryMapHeadline(*line) && !line->starts_with("---- no stack trace for")) {
    if (!IsThreadStart(*line)) return kOtherFormat;
    const auto addresses = ReadStack(&lines, &*line);
    if (!addresses.ok()) return addresses.status();
    if (!addresses->empty()) {
      builder.AddSample(*addresses, 1, {{int64_t{1}}});
    } else if (!profile.samples.empty()) {
      ++profile.samples.Values(profile.samples.size() - 1)[0];
    }
  }
  Status status = ParseFromHeadline(&lines, &profile);
  if (!status.ok()) return status;
  DropDuplicateLeaves(&profile);
  return builder.Take();
}

}  // namespace cpprof::profile::legacy
