// SPDX-License-Identifier: Apache-2.0
#include "agent/service/control/kind_list.h"

#include <algorithm>

namespace pprofagent::service {

Status ParseKinds(const std::vector<std::string>& names, Kinds* kinds) {
  for (const std::string& name : names) {
    const KindSpec* spec = FindKind(name);
    if (spec == nullptr) {
      return Status::Error("\"" + name + "\" is not a profile; there are " + KindNames());
    }
    if (spec->kind == Kind::kWall) {
      return Status::Error(
          "\"wall\" is recorded for a length of time: ask /debug/pprof/wall?seconds=10, or use the "
          "verb wall");
    }
    if (!Contains(*kinds, spec->kind)) kinds->push_back(spec);
  }
  return Status();
}

bool Contains(const Kinds& kinds, Kind kind) {
  return std::any_of(kinds.begin(), kinds.end(),
                     [kind](const KindSpec* spec) { return spec->kind == kind; });
}

}  // namespace pprofagent::service
