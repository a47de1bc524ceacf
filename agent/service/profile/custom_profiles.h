// SPDX-License-Identifier: Apache-2.0
//
// Profiles the program makes itself (agent/include/pprofagent): sets of things
// that are alive, each with the stack that added it. A profile is also a kind, so
// that dumps and endpoints know it by its name.
//
// Entries are added and removed by the program's threads and read by the helper,
// under one lock for all profiles. A thread that waits for it sleeps in the
// kernel for no longer than somebody copies a map.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/hot/snapshot.h"
#include "agent/service/profile/kinds.h"

namespace pprofagent::service {

inline constexpr size_t kLongestProfileName = 100;

enum class CustomResult : uint8_t { kOk, kExists, kMissing };

// The kind of this name, made if there is none of it; `is_new` says which.
const KindSpec* MakeCustomKind(std::string_view name, bool* is_new);
// Null if the program has made none of this name.
const KindSpec* FindCustomKind(std::string_view name);
// All of them, in the order in which they were made.
std::vector<const KindSpec*> CustomKinds();

CustomResult AddToCustom(const KindSpec& kind, const void* key, int64_t value,
                         const hot::StackView& stack);
CustomResult RemoveFromCustom(const KindSpec& kind, const void* key);
// Entries that are in now.
int64_t CountOfCustom(const KindSpec& kind);

// In the child of a fork, where the lock's holder may be missing. Entries stay:
// the child has those things too.
void CustomProfilesAfterFork();

}  // namespace pprofagent::service
