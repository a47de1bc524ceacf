// SPDX-License-Identifier: Apache-2.0
//
// Animals whose habits cost something, each another thing: go-pprof-practice's
// idea (github.com/wolfogre/go-pprof-practice), in C++. A round is one call of
// each Live; `moment` is how long those that wait do so, and the others' measure.
#pragma once

#include <chrono>

namespace animals {

using Moment = std::chrono::milliseconds;

namespace tiger {
// Turns an empty loop, ten million times for each millisecond of the moment.
void Eat(Moment moment);
void Live(Moment moment);
}  // namespace tiger

namespace cat {
// Waits for a condition that only time brings about.
void Pee(Moment moment);
void Live(Moment moment);
}  // namespace cat

namespace dog {
// Fills 16 MiB and gives them back.
void Run();
void Live(Moment moment);
}  // namespace dog

namespace wolf {
// Leaves ten threads behind that sleep for thirty moments.
void Drink(Moment moment);
// Holds a mutex for a moment, in a thread of its own, while the caller wants it.
void Howl(Moment moment);
void Live(Moment moment);
}  // namespace wolf

namespace mouse {
// Takes a mebibyte 768 times and keeps it; later rounds find nothing more to take.
void Steal();
void Live(Moment moment);
}  // namespace mouse

namespace hamster {
// Takes 64 KiB 768 times into one vector, which doubles when it is full.
void Hoard();
void Live(Moment moment);
}  // namespace hamster

}  // namespace animals
