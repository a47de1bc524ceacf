// SPDX-License-Identifier: Apache-2.0
//
// How far two words are from each other, to name what a mistyped one meant.
#pragma once

#include <cstddef>
#include <string_view>

namespace pprofagent::service {

// Letters to insert, delete, replace, or swap with their neighbour to turn one
// word into the other, upper and lower case being equal.
size_t EditDistance(std::string_view a, std::string_view b);

}  // namespace pprofagent::service
