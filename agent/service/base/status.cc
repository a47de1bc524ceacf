// SPDX-License-Identifier: Apache-2.0
#include "agent/service/base/status.h"

#include <string.h>

namespace pprofagent::service {

std::string ErrnoText(int error) {
  const char* name = strerrorname_np(error);
  const char* description = strerrordesc_np(error);
  if (name == nullptr || description == nullptr) return "error " + std::to_string(error);
  return std::string(description) + " (" + name + ")";
}

Status Status::FromErrno(const std::string& what, int error) {
  return Error("cannot " + what + ": " + ErrnoText(error));
}

}  // namespace pprofagent::service
