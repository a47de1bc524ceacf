// SPDX-License-Identifier: Apache-2.0
//
// libiberty parses a C++ linker name into a tree and prints the tree. It can leave out parameters,
// but not template arguments; so the tree is edited between the two. See demangle.h.
#pragma once

#include <libiberty/demangle.h>

#include <unordered_set>

namespace cpprof::symbolize {

class TemplateStripper {
 public:
  // Replaces every "template with arguments" in the tree by the template's name, and every
  // reference to a template argument by the argument. False when the tree is not sound.
  bool Strip(demangle_component** root);

 private:
  bool Visit(demangle_component** place, const demangle_component* scope, int depth);
  bool VisitChildren(demangle_component* node, const demangle_component* scope, int depth);

  std::unordered_set<const demangle_component*> done_;
};

}  // namespace cpprof::symbolize
