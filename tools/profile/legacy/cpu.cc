// SPDX-License-Identifier: Apache-2.0
//
// The binary CPU profile of gperftools. Words:
//
//     0 3 0 PERIOD(us) 0          header; the third word is 1 for Java programs
//     COUNT DEPTH PC...           samples
//     0 1 0                       the end, then a memory map as text
#include "tools/profile/legacy/cpu.h"

#include <unordered_map>
#include <vector>

#include "tools/profile/legacy/memory_map.h"
#include "tools/profile/legacy/numbers.h"

namespace cpprof::profile::legacy {
namespace {

// The signal handler leaves frames of its own between the interrupted function and its callers. If
// nearly all samples have the same second frame, it is such a frame. At most two are removed.
void DropHandlerFrames(Profile* profile) {
  static constexpr int kMaxFrames = 2;
  static constexpr size_t kSamplesForOneException = 32;
  const size_t total = profile->samples.size();
  const size_t needed = total - total / kSamplesForOneException;
  for (int i = 0; i < kMaxFrames; ++i) {
    std::unordered_map<LocationIndex, size_t> counts;
    LocationIndex handler = kNone;
    for (size_t row = 0; row < total; ++row) {
      const auto stack = std::as_const(profile->samples).Stack(row);
      if (stack.size() > 1 && ++counts[stack[1]] >= needed) handler = stack[1];
    }
    if (handler == kNone) return;
    profile->samples.Rewrite([&](size_t, Samples::Parts* parts) {
      auto& stack = parts->stack;
      if (stack.size() > 1 && stack[1] == handler) stack.erase(stack.begin() + 1);
      return true;
    });
  }
}

Parsed FinishCpu(WordReader* words, int64_t period_micros) {
  Builder builder;
  StartCpuProfile(period_micros, &builder);
  if (!ReadCpuSamples(words, /*adjust=*/true, &builder)) return kOtherFormat;
  DropHandlerFrames(&builder.profile());
  LineReader lines(words->rest());
  Status status = ParseMemoryMap(&lines, &builder.profile());
  if (!status.ok()) return status;
  DropDuplicateLeaves(&builder.profile());
  return builder.Take();
}

}  // namespace

void StartCpuProfile(int64_t period_micros, Builder* builder) {
  Profile& profile = builder->profile();
  profile.period = WrappingMultiply(period_micros, 1000);
  profile.AddSampleType("samples", "count");
  profile.AddSampleType("cpu", "nanoseconds");
  profile.period_type = profile.sample_types[1];
}

bool ReadCpuSamples(WordReader* words, bool adjust, Builder* builder) {
  std::vector<uint64_t> addresses;
  while (!words->rest().empty()) {
    const auto count = static_cast<int64_t>(words->Next());
    const uint64_t depth = words->Next();
    if (!words->ok() || depth > words->rest().size() / 4) return false;
    addresses.clear();
    for (uint64_t i = 0; i < depth; ++i) addresses.push_back(words->Next());
    if (count == 0 && depth == 1 && addresses[0] == 0) break;
    const int64_t values[] = {count, WrappingMultiply(count, builder->profile().period)};
    builder->AddSample(addresses, adjust ? 1 : Builder::kNoAdjustment, values);
  }
  return true;
}

Parsed ParseCpu(std::string_view bytes) {
  struct Layout {
    size_t width;
    bool big_endian;
  };
  for (const auto [width, big_endian] :
       {Layout{4, false}, Layout{4, true}, Layout{8, false}, Layout{8, true}}) {
    WordReader words(bytes, width, big_endian);
    const uint64_t zero = words.Next();
    const uint64_t header_words = words.Next();
    const uint64_t java = words.Next();
    const uint64_t period = words.Next();
    const uint64_t padding = words.Next();
    if (!words.ok() || zero != 0 || header_words != 3 || java > 1 || period == 0 || padding != 0) {
      continue;
    }
    const auto micros = static_cast<int64_t>(period);
    return java == 1 ? FinishJavaCpu(&words, micros) : FinishCpu(&words, micros);
  }
  return kOtherFormat;
}

}  // namespace cpprof::profile::legacy
