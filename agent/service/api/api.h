// SPDX-License-Identifier: Apache-2.0
//
// The functions behind agent/include/pprofagent/pprofagent.h, which says what
// they promise. They run on the program's threads; what needs the controller is
// done by the helper meanwhile (control/jobs.h), and the program's write function
// is called when it is done, on the caller's thread, recorded like the program.
#pragma once

#include "agent/include/pprofagent/pprofagent.h"

namespace pprofagent::service {

const pprofagent_api& ApiTable();

}  // namespace pprofagent::service
