// SPDX-License-Identifier: Apache-2.0
//
// What the binary CPU profiles of C++ and Java programs share: the records of samples.
#pragma once

#include <string_view>

#include "tools/profile/legacy/builder.h"
#include "tools/profile/legacy/parsers.h"
#include "tools/profile/legacy/words.h"

namespace cpprof::profile::legacy {

// Sets types and period of a CPU profile.
void StartCpuProfile(int64_t period_micros, Builder* builder);

// Reads `count depth address...` records up to the end mark or the end of the data; false if they
// make no sense. `adjust`: addresses but the first are return addresses.
bool ReadCpuSamples(WordReader* words, bool adjust, Builder* builder);

// The rest of a Java program's profile; in java.cc.
Parsed FinishJavaCpu(WordReader* words, int64_t period_micros);

}  // namespace cpprof::profile::legacy
