// SPDX-License-Identifier: Apache-2.0
//
// What errno means, worded as in the messages of the reference ("no such file or directory").
#pragma once

#include <string>

namespace cpprof {

std::string ErrnoText(int error);

}  // namespace cpprof
