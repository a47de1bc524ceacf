// SPDX-License-Identifier: Apache-2.0
#include "agent/service/profile/creation_profile.h"

#include "agent/hot/snapshot.h"
#include "agent/service/base/clock.h"

namespace pprofagent::service {
namespace {

void Add(void* recording, const hot::CreationSample& sample) {
  RecordedSample& added = static_cast<Recording*>(recording)->samples.emplace_back();
  added.stack = sample.stack;
  added.values = {sample.threads};
}

}  // namespace

Recording RecordThreadCreation(const KindSpec& kind, const ProfileContext&) {
  Recording recording;
  recording.kind = &kind;
  recording.period = 1;
  recording.time_ns = WallClock();
  recording.rate = "thread creation: every pthread_create";
  hot::VisitCreations(Add, &recording);
  return recording;
}

}  // namespace pprofagent::service
