// SPDX-License-Identifier: Apache-2.0
//
// Opening the directory that files are put into. A directory below /tmp has a
// name anybody can guess; so it must be a real directory, our own, and writable
// for nobody else, or somebody could have our files written where they please.
// All further work is relative to the descriptor that was checked.
#pragma once

#include <string>

#include "agent/service/base/descriptor.h"
#include "agent/service/base/status.h"

namespace pprofagent::service {

// Opens (O_PATH) the dump directory, made with mode 0700 if its parent has no
// such entry.
Status OpenPrivateDirectory(const std::string& path, Descriptor* directory);

// Opens (O_PATH) a directory the user named for one file, as given: links are
// followed, owner and mode are the user's affair. Made with mode 0700 if it is
// missing and `create`.
Status OpenNamedDirectory(const std::string& path, bool create, Descriptor* directory);

}  // namespace pprofagent::service
