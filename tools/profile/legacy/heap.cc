// SPDX-License-Identifier: Apache-2.0
//
// Heap, growth and fragmentation profiles of gperftools and Go:
//
//     heap profile:   1:  10 [  5: 50] @ heap_v2/524288
//     1: 10 [5: 50] @ 0x4011c3 0x401304
//
// The first pair of a line is what is in use, the one in brackets what was ever allocated; each is
// a count and bytes. Addresses are return addresses. A memory map follows.
#include <string>

#include "tools/base/strings.h"
#include "tools/profile/legacy/builder.h"
#include "tools/profile/legacy/memory_map.h"
#include "tools/profile/legacy/numbers.h"
#include "tools/profile/legacy/parsers.h"
#include "tools/profile/legacy/pattern.h"

namespace cpprof::profile::legacy {
namespace {

struct Header {
  int64_t rate = 1;
  bool sampled = false;    // values have to be scaled
  bool has_alloc = false;  // the brackets say something of their own
};

std::optional<Header> ParseHeapHeader(std::string_view line) {
  static const Pattern heap(
      R"(heap profile: *(\d+): *(\d+) *\[ *(\d+): *(\d+) *\] *@ *(heap[_a-z0-9]*)/?(\d*))");
  static const Pattern other(
      R"(heap profile: *(\d+): *(\d+) *\[ *(\d+): *(\d+) *\] @ (?:growthz?|fragmentationz?))");
  const auto found = heap.Find(line);
  if (!found) return other.Matches(line) ? std::optional<Header>(Header()) : std::nullopt;
  const auto& group = *found;
  Header header;
  header.rate = 0;
  if (!group[6].empty()) {
    const auto rate = ParseInt(group[6]);
    if (!rate) return std::nullopt;
    header.rate = *rate;
  }
  header.has_alloc =
      (group[3] != group[1] && group[3] != "0") || (group[4] != group[2] && group[4] != "0");
  const std::string_view kind = group[5];
  if (kind == "heapz_v2" || kind == "heap_v2") {
    header.sampled = true;
  } else if (kind == "heap") {
    // This kind gives twice the mean distance.
    header.sampled = true;
    header.rate /= 2;
  } else if (kind == "heapprofile") {
    header.rate = 1;
  } else {
    return std::nullopt;
  }
  return header;
}

struct SampleLine {
  std::vector<int64_t> values;
  int64_t block_size = 0;
  std::vector<uint64_t> addresses;
};

// Adds one pair of count and bytes; `label` names it in errors.
Status AddPair(std::string_view count_text, std::string_view bytes_text, std::string_view label,
               std::string_view line, const Header& header, SampleLine* sample) {
  const auto count = ParseCount(count_text, line);
  if (!count.ok()) return count.status();
  const auto bytes = ParseCount(bytes_text, line);
  if (!bytes.ok()) return bytes.status();
  const std::string name(label);
  if (*count == 0 && *bytes != 0) {
    return Status::Error(name + " count was 0 but " + name + " bytes was " +
                         std::to_string(*bytes));
  }
  auto values = std::make_pair(*count, *bytes);
  if (*count != 0) {
    sample->block_size = *count == -1 ? WrappingMultiply(*bytes, -1) : *bytes / *count;
    if (header.sampled) values = ScaleHeapSample(*count, *bytes, header.rate);
  }
  sample->values.push_back(values.first);
  sample->values.push_back(values.second);
  return Status::Ok();
}

Result<SampleLine> ParseSample(std::string_view line, const Header& header) {
  static const Pattern pattern(R"((-?\d+): *(-?\d+) *\[ *(\d+): *(\d+) *] @([ x0-9a-f]*))");
  const auto found = pattern.Find(line);
  if (!found) return Status::Error("unexpected number of sample values: got 0, want 6");
  const auto& group = *found;
  SampleLine sample;
  if (header.has_alloc) {
    Status status = AddPair(group[3], group[4], "allocation", line, header, &sample);
    if (!status.ok()) return status;
  }
  Status status = AddPair(group[1], group[2], "inuse", line, header, &sample);
  if (!status.ok()) return status;
  auto addresses = ParseHexAddresses(group[5]);
  if (!addresses.ok()) return addresses.status().Annotate("malformed sample: " + std::string(line));
  sample.addresses = std::move(*addresses);
  return sample;
}

void AddTypes(const Header& header, Profile* profile) {
  profile->period = header.rate;
  profile->period_type = {profile->Intern("space"), profile->Intern("bytes")};
  if (!header.has_alloc) {
    profile->AddSampleType("objects", "count");
    profile->AddSampleType("space", "bytes");
    return;
  }
  // In-use last: the last type is shown by default.
  profile->AddSampleType("alloc_objects", "count");
  profile->AddSampleType("alloc_space", "bytes");
  profile->AddSampleType("inuse_objects", "count");
  profile->AddSampleType("inuse_space", "bytes");
}

}  // namespace

Parsed ParseHeap(std::string_view bytes) {
  LineReader lines(bytes);
  if (!lines.Next()) return lines.status().ok() ? kOtherFormat : Parsed(lines.status());
  const auto header = ParseHeapHeader(lines.line());
  if (!header) return kOtherFormat;
  Builder builder;
  AddTypes(*header, &builder.profile());
  while (lines.Next()) {
    const std::string_view line = TrimSpace(lines.line());
    if (IsSpaceOrComment(line)) continue;
    if (IsMemoryMapHeadline(line)) break;
    auto sample = ParseSample(line, *header);
    if (!sample.ok()) return sample.status();
    builder.AddSample(sample->addresses, 0, sample->values,
                      {builder.profile().NumberLabel("bytes", sample->block_size)});
  }
  if (!lines.status().ok()) return lines.status();
  Status status = ParseFromHeadline(&lines, &builder.profile());
  if (!status.ok()) return status;
  return builder.Take();
}

}  // namespace cpprof::profile::legacy
