// SPDX-License-Identifier: Apache-2.0
//
// An environment without the agent's own entry in LD_PRELOAD, for a program that
// shall run without the agent. All else stays byte for byte as it is, other
// libraries' entries and their separators too; a list with nothing left in it is
// left out.
//
// For the moments before execve, which may be in a child of vfork: memory is the
// caller's, from its stack, and nothing of the given environment is written to.
#pragma once

#include <cstddef>

namespace pprofagent::hot {

// What the edited environment takes, pointers and texts; 0: there is nothing to
// edit. `library` is the agent's file name without directories.
size_t EditedEnvironmentBytes(char* const* environment, const char* library);

// In memory of that size, aligned for pointers.
char** EditEnvironment(char* const* environment, const char* library, void* memory);

}  // namespace pprofagent::hot
