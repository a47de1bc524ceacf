// SPDX-License-Identifier: Apache-2.0
//
// Start, fork and end of the agent in a process: the only place that wires hot
// to service code.
#pragma once

#include <cstdint>

struct pprofagent_api;

namespace pprofagent {

// From the constructor. Reads the options out of `environment` and starts what
// they ask for. The program's errno stays as it was.
void ProcessBegins(const char* const* environment);

// From whatever ends the process; writes the profiles due at exit. Harmless
// when called again, in a child of vfork, or when ProcessBegins never ran.
void ProcessEnds();

// Whether a program that this one executes, named by path, shall have the agent
// as well, as the option FOLLOW says; and whether all shall. Async-signal-safe,
// also in a child of vfork.
bool Follows(const char* program);
bool FollowsAll();
// Of the agent's own file, without directories.
const char* AgentFileName();

// The interface for the program itself, of this version; null: the agent knows it
// not, or is not active. Any thread, any time.
const pprofagent_api* ProgramInterface(uint32_t abi);

}  // namespace pprofagent
