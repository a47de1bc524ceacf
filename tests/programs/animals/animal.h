// SPDX-License-Identifier: Apache-2.0
//
// Animals whose habits cost something, each another thing: go-pprof-practice's
// idea (github.com/wolfogre/go-pprof-practice), in C++. A round is one call of
// each; `moment` is how long those that wait do so.
#pragma once

#include <chrono>

namespace animals {

using Moment = std::chrono::milliseconds;

namespace wolf {
// Holds a mutex for a moment, in a thread of its own, while the caller wants it.
void Howl(Moment moment);
}  // namespace wolf

namespace cat {
// Waits for a condition that only time brings about.
void Pee(Moment moment);
}  // namespace cat

}  // namespace animals
