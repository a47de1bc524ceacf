// SPDX-License-Identifier: Apache-2.0
//
// Profiles of Java programs. Their addresses mean nothing outside the process, so they bring the
// names along:
//
//     --- heapz 1 ---                            or --- contentionz 1 ---, or a binary CPU profile
//     format = java
//     resolution = bytes
//     7048 1 @ 0x4 0x5                           bytes (or time), count
//             0x4 com.example.Foo.bar (Foo.java:27)
//             0x5 malloc (/lib/libc.so.6)
#include <algorithm>
#include <string>
#include <tuple>
#include <unordered_map>

#include "tools/base/path.h"
#include "tools/base/strings.h"
#include "tools/profile/legacy/cpu.h"
#include "tools/profile/legacy/memory_map.h"
#include "tools/profile/legacy/numbers.h"
#include "tools/profile/legacy/pattern.h"

namespace cpprof::profile::legacy {
namespace {

enum class Kind { kHeap, kContention };

// The sampling interval of Java's heap profiles; they do not tell it.
constexpr int64_t kHeapRate = 512 << 10;

// Takes the next complete line off `*rest`; false when there is none.
bool TakeLine(std::string_view* rest, std::string_view* line) {
  const size_t newline = rest->find('\n');
  if (newline == std::string_view::npos) return false;
  *line = TrimSpace(rest->substr(0, newline));
  rest->remove_prefix(newline + 1);
  return true;
}

Status BadAttribute(std::string_view line, std::string_view value) {
  return Status::Error("failed to parse attribute " + std::string(line) + ": " +
                       AnyBaseError(value));
}

// Nothing: not an attribute of this kind of profile.
std::optional<Status> SetAttribute(Kind kind, std::string_view name, std::string_view value,
                                   std::string_view line, Profile* profile) {
  const bool heap = kind == Kind::kHeap;
  if (name == "format") {
    return value == "java" ? std::optional(Status::Ok()) : std::nullopt;
  }
  if (name == "resolution") {
    profile->SetSampleTypes({});
    profile->AddSampleType(heap ? "inuse_objects" : "contentions", "count");
    profile->AddSampleType(heap ? "inuse_space" : "delay", value);
    return Status::Ok();
  }
  if (heap || (name != "sampling period" && name != "ms since reset")) return std::nullopt;
  const auto number = ParseAnyBase(value);
  if (!number) return BadAttribute(line, value);
  if (name == "sampling period") {
    profile->period_type = {profile->Intern("contentions"), profile->Intern("count")};
    profile->period = *number;
  } else {
    profile->duration_nanos = WrappingMultiply(*number, 1000000);
  }
  return Status::Ok();
}

// Reads `name = value` lines up to the first other one, which stays in *rest.
std::optional<Status> ReadAttributes(Kind kind, std::string_view* rest, Profile* profile) {
  static const Pattern pattern(R"(([\w ]+)=([\w ]+))");
  std::string_view line;
  for (std::string_view next = *rest; TakeLine(&next, &line); *rest = next) {
    if (line.empty()) continue;
    const auto found = pattern.Find(line);
    if (!found) return Status::Ok();
    auto status = SetAttribute(kind, TrimSpace((*found)[1]), TrimSpace((*found)[2]), line, profile);
    if (!status || !status->ok()) return status;
  }
  return Status::Ok();
}

Status AddSample(Kind kind, const std::vector<std::string_view>& group, std::string_view line,
                 Builder* builder) {
  Profile& profile = builder->profile();
  const auto addresses = ParseHexAddresses(group[3]);
  if (!addresses.ok()) {
    return addresses.status().Annotate("malformed sample: " + std::string(line));
  }
  int64_t values[2];
  for (const int i : {0, 1}) {
    // The columns are the other way round than the types.
    const std::string_view text = group[i == 0 ? 2 : 1];
    const auto value = ParseAnyBase(text);
    if (!value) {
      return Status::Error("parsing sample " + std::string(line) + ": " + AnyBaseError(text));
    }
    values[i] = *value;
  }
  std::vector<Label> labels;
  if (kind == Kind::kHeap) {
    if (values[0] == 0) {
      return Status::Error("parsing sample " + std::string(line) +
                           ": second value must be non-zero");
    }
    labels.push_back(profile.NumberLabel("bytes", values[1] / values[0]));
    std::tie(values[0], values[1]) = ScaleHeapSample(values[0], values[1], kHeapRate);
  } else if (profile.period != 0) {
    for (int64_t& value : values) value = WrappingMultiply(value, profile.period);
  }
  if (profile.sample_types.empty()) return Status::Error("missing sample type information");
  builder->AddSample(*addresses, Builder::kNoAdjustment, values, std::move(labels));
  return Status::Ok();
}

Status ReadSamples(Kind kind, std::string_view* rest, Builder* builder) {
  static const Pattern pattern(R"( *(\d+) +(\d+) +@ +([ x0-9a-f]*))");
  std::string_view line;
  for (std::string_view next = *rest; TakeLine(&next, &line); *rest = next) {
    if (line.empty()) continue;
    const auto found = pattern.Find(line);
    if (!found) return Status::Ok();
    Status status = AddSample(kind, *found, line, builder);
    if (!status.ok()) return status;
  }
  return Status::Ok();
}

struct Place {
  std::string_view function;
  std::string file;
  int64_t line = 0;
};

// The text behind an address: "name (file:line)", "name (path of a library)" or a state of the
// virtual machine.
Place ParsePlace(std::string_view text) {
  static const Pattern file_line(R"(^(.*)\s+\((.+):(-?[[:digit:]]+)\)$)");
  static const Pattern path(R"(^(.*)\s+\((.*)\)$)");
  Place place;
  if (const auto found = file_line.Find(text)) {
    place.function = (*found)[1];
    place.file = (*found)[2];
    const auto line = ParseInt((*found)[3]);
    if (line && *line > 0) place.line = *line;
  } else if (const auto library = path.Find(text)) {
    place.function = (*library)[1];
    place.file = BaseName((*library)[2]);
  } else if (text.find("generated stub/JIT") != std::string_view::npos) {
    place.function = "STUB";
  } else {
    place.function = text;
  }
  return place;
}

// Names the locations, and forgets the addresses.
Status ReadLocations(std::string_view text, Builder* builder) {
  static const Pattern pattern(R"(^\s*0x([[:xdigit:]]+)\s+(.*)\s*$)");
  Profile& profile = builder->profile();
  std::unordered_map<std::string, FunctionIndex> functions;
  while (!text.empty()) {
    const size_t newline = std::min(text.find('\n'), text.size() - 1);
    const std::string_view line = TrimSpace(text.substr(0, newline + 1));
    text.remove_prefix(newline + 1);
    const auto found = pattern.Find(line);
    if (!found) continue;
    const auto address = ParseUint((*found)[1], 16);
    if (!address) {
      return Status::Error("parsing sample " + std::string(line) + ": strconv.ParseUint: parsing " +
                           Quote((*found)[1]) + ": value out of range");
    }
    const LocationIndex location = builder->LocationAt(*address, /*create=*/false);
    if (location == kNone) continue;
    const Place place = ParsePlace((*found)[2]);
    const auto [known, is_new] = functions.try_emplace(std::string(place.function), 0);
    if (is_new) known->second = profile.AddFunction(place.function, place.function, place.file);
    const Line at{known->second, place.line, 0};
    profile.SetLines(location, {&at, 1});
    profile.locations[location].address = 0;
  }
  AssignMappings(&profile);
  for (Location& location : profile.locations) location.address = 0;
  return Status::Ok();
}

}  // namespace

Parsed FinishJavaCpu(WordReader* words, int64_t period_micros) {
  Builder builder;
  StartCpuProfile(period_micros, &builder);
  if (!ReadCpuSamples(words, /*adjust=*/false, &builder)) return kOtherFormat;
  Status status = ReadLocations(words->rest(), &builder);
  if (!status.ok()) return status;
  return builder.Take();
}

Parsed ParseJava(std::string_view bytes) {
  std::string_view header;
  if (!TakeLine(&bytes, &header)) return kOtherFormat;
  Kind kind;
  if (header == "--- heapz 1 ---") {
    kind = Kind::kHeap;
  } else if (header == "--- contentionz 1 ---") {
    kind = Kind::kContention;
  } else {
    return kOtherFormat;
  }
  Builder builder;
  const auto attributes = ReadAttributes(kind, &bytes, &builder.profile());
  if (!attributes) return kOtherFormat;
  if (!attributes->ok()) return *attributes;
  Status status = ReadSamples(kind, &bytes, &builder);
  if (!status.ok()) return status;
  status = ReadLocations(bytes, &builder);
  if (!status.ok()) return status;
  return builder.Take();
}

}  // namespace cpprof::profile::legacy
