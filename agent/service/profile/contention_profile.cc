// SPDX-License-Identifier: Apache-2.0
#include "agent/service/profile/contention_profile.h"

#include <charconv>
#include <limits>

#include "agent/hot/controls.h"
#include "agent/hot/snapshot.h"
#include "agent/service/base/clock.h"

namespace pprofagent::service {
namespace {

Recording Empty(const KindSpec& kind, std::string rate) {
  Recording recording;
  recording.kind = &kind;
  recording.period = 1;
  recording.time_ns = WallClock();
  recording.rate =
      std::move(rate) +
      ", fewer and scaled beyond 1000 samples a second; who holds a lock that is "
      "fought for 15000 times a second is looked up every 0.3 ms, and 0.01 ms for each thread";
  return recording;
}

std::string MutexRate() {
  const int64_t fraction = hot::MutexFraction();
  return "mutex fraction: " + std::to_string(fraction) + (fraction == 0 ? " (off)" : "");
}

std::string BlockRateText() {
  const int64_t rate = hot::BlockRate();
  return "block rate: " + std::to_string(rate) + (rate == 0 ? " ns (off)" : " ns");
}

void Add(void* recording, const hot::ContentionSample& sample) {
  if (sample.contentions == 0 && sample.delay_ns == 0) return;
  RecordedSample& added = static_cast<Recording*>(recording)->samples.emplace_back();
  added.stack = sample.stack;
  added.identity = sample.identity;
  added.values = {sample.contentions, sample.delay_ns};
  if (sample.kind[0] != '\0') added.labels.push_back({.key = "kind", .text = sample.kind});
}

std::string Hexadecimal(uintptr_t address) {
  char digits[2 * sizeof(address)];
  const auto end = std::to_chars(std::begin(digits), std::end(digits), address, 16).ptr;
  return "0x" + std::string(std::begin(digits), end);
}

struct PairCollector {
  Recording* recording;
  int64_t pairs = 0;
};

void AddPair(void* context, const hot::ContentionPairSample& pair) {
  auto& collector = *static_cast<PairCollector*>(context);
  if (pair.contentions == 0 && pair.delay_ns == 0) return;
  ++collector.pairs;
  const std::string object = pair.lock != 0 ? Hexadecimal(pair.lock) : "other";
  const auto add = [&](const hot::StackView& stack, const char* role, uintptr_t identity) {
    RecordedSample& added = collector.recording->samples.emplace_back();
    added.stack = stack;
    added.identity = identity;
    added.values = {pair.contentions, pair.delay_ns};
    added.labels = {{.key = "role", .text = role},
                    {.key = "object", .text = object},
                    {.key = "pair", .text = {}, .number = collector.pairs, .unit = "id"}};
  };
  add(pair.waiter, "waiter", pair.identity);
  add(pair.holder, "holder", pair.identity + 1);
}

}  // namespace

Recording RecordMutex(const KindSpec& kind, const ProfileContext&) {
  Recording recording = Empty(kind, MutexRate());
  hot::VisitMutex(Add, &recording);
  return recording;
}

Recording RecordBlock(const KindSpec& kind, const ProfileContext&) {
  Recording recording = Empty(kind, BlockRateText());
  hot::VisitBlock(Add, &recording);
  return recording;
}

Recording RecordContention(const KindSpec& kind, const ProfileContext&) {
  Recording recording = Empty(kind, MutexRate());
  recording.rate += "; each contention is there twice, -tagfocus=role=waiter shows one side";
  PairCollector collector{&recording};
  hot::VisitContention(AddPair, &collector);
  return recording;
}

}  // namespace pprofagent::service
