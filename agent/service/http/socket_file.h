// SPDX-License-Identifier: Apache-2.0
//
// The socket files of this process, for its end: then whichever thread ends it
// removes them, by name, because the descriptors belong to the helper.
#pragma once

#include "agent/service/http/listener.h"

namespace pprofagent::service {

void RememberSocketFile(const SocketFile& file);
void ForgetSocketFile(const SocketFile& file);

// Callable on any thread at any time.
bool HasSocketFiles();
void RemoveSocketFiles();

// In the child of a fork: they are the parent's.
void ForgetSocketFiles();

}  // namespace pprofagent::service
