// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/service/base/status.h"
#include "agent/service/profile/kinds.h"

namespace pprofagent::service {

using Kinds = std::vector<const KindSpec*>;

// Names or aliases to kinds, each once. Fails at the first unknown name;
// `kinds` then holds those before it.
Status ParseKinds(const std::vector<std::string>& names, Kinds* kinds);

bool Contains(const Kinds& kinds, Kind kind);

}  // namespace pprofagent::service
