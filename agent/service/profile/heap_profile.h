// SPDX-License-Identifier: Apache-2.0
//
// The heap engine's records as a profile of kind heap or allocs.
#pragma once

#include <string>

#include "agent/service/options/options.h"
#include "agent/service/profile/kinds.h"
#include "agent/service/sink/byte_stream.h"

namespace pprofagent::service {

struct ProfileContext {
  const Options* options;
  std::string unwinder;
};

// Writes (uncompressed) what is recorded at this moment.
Status WriteHeapProfile(const ProfileContext& context, Kind kind, ByteStream* stream);

}  // namespace pprofagent::service
