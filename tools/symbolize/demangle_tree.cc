// SPDX-License-Identifier: Apache-2.0
#include "tools/symbolize/demangle_tree.h"

#include <string_view>

namespace cpprof::symbolize {
namespace {

// libiberty limits the recursion of its parser to about this.
constexpr int kMaxDepth = 2048;

// The template whose arguments T_, T0_, ... mean inside the function or variable `node`: below the
// qualifiers of a member function, and at the end of a chain of local names.
const demangle_component* TemplateOf(const demangle_component* node) {
  for (int depth = 0; node != nullptr && depth < kMaxDepth; ++depth) {
    switch (node->type) {
      case DEMANGLE_COMPONENT_TEMPLATE:
        return node;
      case DEMANGLE_COMPONENT_LOCAL_NAME:
        node = node->u.s_binary.right;
        break;
      case DEMANGLE_COMPONENT_RESTRICT_THIS:
      case DEMANGLE_COMPONENT_VOLATILE_THIS:
      case DEMANGLE_COMPONENT_CONST_THIS:
      case DEMANGLE_COMPONENT_REFERENCE_THIS:
      case DEMANGLE_COMPONENT_RVALUE_REFERENCE_THIS:
      case DEMANGLE_COMPONENT_TRANSACTION_SAFE:
      case DEMANGLE_COMPONENT_NOEXCEPT:
      case DEMANGLE_COMPONENT_THROW_SPEC:
        node = node->u.s_binary.left;
        break;
      default:
        return nullptr;
    }
  }
  return nullptr;
}

demangle_component* Argument(const demangle_component* scope, long number) {
  if (scope == nullptr) return nullptr;
  demangle_component* list = scope->u.s_binary.right;
  for (; list != nullptr && list->type == DEMANGLE_COMPONENT_TEMPLATE_ARGLIST;
       list = list->u.s_binary.right) {
    if (number-- == 0) return list->u.s_binary.left;
  }
  return nullptr;
}

}  // namespace

bool TemplateStripper::Strip(demangle_component** root) { return Visit(root, nullptr, 0); }

bool TemplateStripper::Visit(demangle_component** place, const demangle_component* scope,
                             int depth) {
  if (depth > kMaxDepth) return false;
  demangle_component* node = *place;
  if (node == nullptr) return true;
  switch (node->type) {
    case DEMANGLE_COMPONENT_TEMPLATE:
      *place = node->u.s_binary.left;
      // "operator T_" takes its T_ from the template it is.
      return Visit(place, node, depth + 1);
    case DEMANGLE_COMPONENT_TEMPLATE_PARAM: {
      demangle_component* argument = Argument(scope, node->u.s_number.number);
      // Left as it is when it cannot be told; the printer decides whether it needs it.
      if (argument == nullptr || argument == node) return true;
      *place = argument;
      return Visit(place, nullptr, depth + 1);
    }
    case DEMANGLE_COMPONENT_SUB_STD: {
      // An abbreviation such as Sa, whose long form has its template arguments in the text.
      const std::string_view text(node->u.s_string.string,
                                  static_cast<size_t>(node->u.s_string.len));
      if (const size_t open = text.find('<'); open != std::string_view::npos) {
        node->u.s_string.len = static_cast<int>(open);
      }
      return true;
    }
    default:
      // Substitutions make the tree a graph: a part may be reached twice.
      if (!done_.insert(node).second) return true;
      return VisitChildren(node, scope, depth);
  }
}

bool TemplateStripper::VisitChildren(demangle_component* node, const demangle_component* scope,
                                     int depth) {
  switch (node->type) {
    case DEMANGLE_COMPONENT_NAME:
    case DEMANGLE_COMPONENT_FUNCTION_PARAM:
    case DEMANGLE_COMPONENT_SUB_STD:
    case DEMANGLE_COMPONENT_BUILTIN_TYPE:
    case DEMANGLE_COMPONENT_EXTENDED_BUILTIN_TYPE:
    case DEMANGLE_COMPONENT_OPERATOR:
    case DEMANGLE_COMPONENT_CHARACTER:
    case DEMANGLE_COMPONENT_NUMBER:
    case DEMANGLE_COMPONENT_UNNAMED_TYPE:
      return true;
    case DEMANGLE_COMPONENT_CTOR:
      return Visit(&node->u.s_ctor.name, scope, depth + 1);
    case DEMANGLE_COMPONENT_DTOR:
      return Visit(&node->u.s_dtor.name, scope, depth + 1);
    case DEMANGLE_COMPONENT_EXTENDED_OPERATOR:
      return Visit(&node->u.s_extended_operator.name, scope, depth + 1);
    case DEMANGLE_COMPONENT_FIXED_TYPE:
      return Visit(&node->u.s_fixed.length, scope, depth + 1);
    case DEMANGLE_COMPONENT_LAMBDA:
    case DEMANGLE_COMPONENT_DEFAULT_ARG:
      return Visit(&node->u.s_unary_num.sub, scope, depth + 1);
    case DEMANGLE_COMPONENT_TYPED_NAME: {
      const demangle_component* own = TemplateOf(node->u.s_binary.left);
      const demangle_component* inner = own == nullptr ? scope : own;
      // The type first: it refers to the arguments that the name is about to lose.
      return Visit(&node->u.s_binary.right, inner, depth + 1) &&
             Visit(&node->u.s_binary.left, inner, depth + 1);
    }
    default:
      return Visit(&node->u.s_binary.left, scope, depth + 1) &&
             Visit(&node->u.s_binary.right, scope, depth + 1);
  }
}

}  // namespace cpprof::symbolize
