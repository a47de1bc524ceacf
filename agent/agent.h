// SPDX-License-Identifier: Apache-2.0
//
// Start, fork and end of the agent in a process: the only place that wires hot
// to service code.
#pragma once

namespace pprofagent {

// From the constructor. Reads the options out of `environment` and starts what
// they ask for. The program's errno stays as it was.
void ProcessBegins(const char* const* environment);

// From whatever ends the process; writes the profiles due at exit. Harmless
// when called again, in a child of vfork, or when ProcessBegins never ran.
void ProcessEnds();

}  // namespace pprofagent
