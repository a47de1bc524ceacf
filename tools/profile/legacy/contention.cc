// SPDX-License-Identifier: Apache-2.0
//
// Waiting for locks, as C++ programs and Go list it:
//
//     --- contentionz 1 ---
//     cycles/second = 3201000000
//     sampling period = 100
//     ms since reset = 16502830
//     19490304 27 @ 0x4011c3 0x401304
//
// A line is the time waited (in cycles, if their number per second is given), how often, and the
// stack of return addresses. A memory map may follow.
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

bool IsStart(std::string_view line) {
  return line.starts_with("--- contentionz ") || line.starts_with("--- mutex:") ||
         line.starts_with("--- contention:");
}

// False for an attribute that this format does not have, or a bad value.
bool SetAttribute(std::string_view key, std::string_view value, Profile* profile,
                  int64_t* cycles_per_second) {
  if (key == "discarded samples") return true;
  const auto number = ParseAnyBase(value);
  if (!number) return false;
  if (key == "cycles/second") {
    *cycles_per_second = *number;
  } else if (key == "sampling period") {
    profile->period = *number;
  } else if (key == "ms since reset") {
    profile->duration_nanos = WrappingMultiply(*number, 1000000);
  } else {
    return false;
  }
  return true;
}

// Reads the attributes; the first line behind them is the current one then. False: another format.
bool ReadAttributes(LineReader* lines, Profile* profile, int64_t* cycles_per_second) {
  while (lines->Next()) {
    const std::string_view line = TrimSpace(lines->line());
    if (IsSpaceOrComment(line)) continue;
    const size_t equals = line.find('=');
    if (line.starts_with("---") || equals == std::string_view::npos) return true;
    if (!SetAttribute(TrimSpace(line.substr(0, equals)), TrimSpace(line.substr(equals + 1)),
                      profile, cycles_per_second)) {
      return false;
    }
  }
  return true;
}

// Nothing: the line is of another format.
std::optional<Status> AddSample(std::string_view line, int64_t cycles_per_second,
                                Builder* builder) {
  static const Pattern pattern(R"((\d+) *(\d+) @([ x0-9a-f]*))");
  const auto found = pattern.Find(line);
  if (!found) return kOtherFormat;
  const auto delay = ParseCount((*found)[1], line);
  if (!delay.ok()) return delay.status();
  const auto count = ParseCount((*found)[2], line);
  if (!count.ok()) return count.status();
  const auto addresses = ParseHexAddresses((*found)[3]);
  if (!addresses.ok()) {
    return addresses.status().Annotate("malformed sample: " + std::string(line));
  }
  int64_t values[] = {*count, *delay};
  // One of `period` contentions was recorded.
  const int64_t period = builder->profile().period;
  if (period > 0) {
    values[0] = WrappingMultiply(*count, period);
    if (cycles_per_second > 0) {
      const double gigahertz = static_cast<double>(cycles_per_second) / 1e9;
      values[1] =
          TruncateToInt(static_cast<double>(*delay) * static_cast<double>(period) / gigahertz);
    }
  }
  builder->AddSample(*addresses, 0, values);
  return Status::Ok();
}

}  // namespace

Parsed ParseContention(std::string_view bytes) {
  LineReader lines(bytes);
  if (!lines.Next()) return lines.status().ok() ? kOtherFormat : Parsed(lines.status());
  if (!IsStart(lines.line())) return kOtherFormat;
  Builder builder;
  Profile& profile = builder.profile();
  profile.AddSampleType("contentions", "count");
  profile.AddSampleType("delay", "nanoseconds");
  profile.period_type = profile.sample_types[0];
  profile.period = 1;
  int64_t cycles_per_second = 0;
  if (!ReadAttributes(&lines, &profile, &cycles_per_second)) return kOtherFormat;
  if (!lines.status().ok()) return lines.status();
  do {
    const std::string_view line = TrimSpace(lines.line());
    if (line.starts_with("---")) break;
    if (IsSpaceOrComment(line)) continue;
    const auto added = AddSample(line, cycles_per_second, &builder);
    if (!added) return kOtherFormat;
    if (!added->ok()) return *added;
  } while (lines.Next());
  if (!lines.status().ok()) return lines.status();
  Status status = ParseFromHeadline(&lines, &profile);
  if (!status.ok()) return status;
  return builder.Take();
}

}  // namespace cpprof::profile::legacy
