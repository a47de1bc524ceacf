// SPDX-License-Identifier: Apache-2.0
#include "tools/symbolize/demangle.h"

#include <libiberty/demangle.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <optional>

#include "tools/symbolize/demangle_tree.h"

namespace cpprof::symbolize {
namespace {

struct Free {
  void operator()(void* memory) const { std::free(memory); }
};
using OwnedText = std::unique_ptr<char, Free>;

int Options(DemangleStyle style) {
  return style == DemangleStyle::kFull ? DMGL_PARAMS | DMGL_ANSI : DMGL_ANSI;
}

// Text without the parts between `open` and `close`, nested ones included. Unbalanced text is
// returned as it is from the first mismatch on.
std::string WithoutBracketed(std::string name, char open, char close) {
  if (name.find(open) == std::string::npos) return name;
  size_t depth = 0;
  size_t begin = 0;
  for (size_t at = 0; at < name.size(); ++at) {
    if (name[at] == open && depth++ == 0) begin = at;
    if (name[at] != close) continue;
    if (depth == 0) return name;
    if (--depth == 0) {
      name.erase(begin, at + 1 - begin);
      at = begin - 1;
    }
  }
  return name;
}

// Rust writes generic arguments as "::<...>"; "<T as Trait>::f" is a name and stays.
std::string WithoutGenericArguments(std::string name) {
  for (size_t at = name.find("::<"); at != std::string::npos; at = name.find("::<", at)) {
    size_t depth = 0;
    size_t end = at + 2;
    for (; end < name.size(); ++end) {
      if (name[end] == '<') ++depth;
      if (name[end] == '>' && name[end - 1] != '-' && --depth == 0) break;
    }
    if (end == name.size()) return name;
    name.erase(at, end + 1 - at);
  }
  return name;
}

// After an empty argument pack libiberty closes two lists as ">>" where it writes "> >" elsewhere.
// Not meant: operator>>, and a shift, which has a parenthesis behind it.
std::string WithClosingSpaces(std::string name) {
  static constexpr std::string_view kOperator = "operator";
  for (size_t at = name.find(">>"); at != std::string::npos; at = name.find(">>", at + 1)) {
    const bool is_operator = std::string_view(name).substr(0, at).ends_with(kOperator);
    if (!is_operator && (at + 2 == name.size() || name[at + 2] != '(')) name.insert(at + 1, 1, ' ');
  }
  return name;
}

std::optional<std::string> DemangleRust(const std::string& mangled, DemangleStyle style) {
  OwnedText text(rust_demangle(mangled.c_str(), DMGL_PARAMS | DMGL_ANSI));
  if (!text) return std::nullopt;
  if (style == DemangleStyle::kDefault && mangled.starts_with("_R")) {
    return WithoutGenericArguments(text.get());
  }
  return std::string(text.get());
}

std::optional<std::string> DemangleCpp(const std::string& mangled, DemangleStyle style) {
  void* memory = nullptr;
  demangle_component* tree = cplus_demangle_v3_components(mangled.c_str(), Options(style), &memory);
  if (tree == nullptr) return std::nullopt;
  const std::unique_ptr<void, Free> owner(memory);
  while (tree->type == DEMANGLE_COMPONENT_CLONE && tree->u.s_binary.left != nullptr) {
    tree = tree->u.s_binary.left;
  }
  if (style == DemangleStyle::kDefault && !TemplateStripper().Strip(&tree)) return std::nullopt;
  size_t size = 0;
  OwnedText text(
      cplus_demangle_print(Options(style), tree, static_cast<int>(mangled.size()) * 2, &size));
  if (!text) return std::nullopt;
  return WithClosingSpaces(text.get());
}

std::optional<std::string> TryDemangle(const std::string& mangled, DemangleStyle style) {
  if (auto name = DemangleRust(mangled, style)) return name;
  if (auto name = DemangleCpp(mangled, style)) return name;
  // Only whole names have parameters, for libiberty; we also take "_ZN1a1fEv@plt".
  const size_t tail = mangled.find('@');
  if (style == DemangleStyle::kFull && tail != std::string::npos) {
    return DemangleCpp(mangled.substr(0, tail), style);
  }
  return std::nullopt;
}

// Text that somebody has demangled already. Java's "Map.<init>" and Go's "(*T[...]).M" are not C++.
bool LooksLikeCpp(std::string_view name) {
  if (name.find(".<") != std::string_view::npos) return false;
  if (name.find("]).") != std::string_view::npos) return false;
  return name.find("::") != std::string_view::npos ||
         std::any_of(name.begin(), name.end(),
                     [](char c) { return c == '<' || c == '>' || c == '[' || c == ']'; });
}

}  // namespace

bool MayHaveOtherDisplayName(std::string_view system_name) {
  return system_name.starts_with('_') ||
         std::any_of(system_name.begin(), system_name.end(), [](char c) {
           return c == '<' || c == '>' || c == '[' || c == ']' || c == ':';
         });
}

std::string Demangle(std::string_view mangled, DemangleStyle style) {
  std::string name(mangled);
  if (style == DemangleStyle::kNone || !mangled.starts_with('_')) return name;
  return TryDemangle(name, style).value_or(name);
}

std::string DisplayName(std::string_view system_name, DemangleStyle style) {
  std::string name(system_name);
  if (style == DemangleStyle::kNone) return name;
  if (std::string readable = Demangle(name, style); readable != name) return readable;
  // Some platforms put one more underscore in front.
  if (name.starts_with('_')) {
    const std::string shorter = name.substr(1);
    if (std::string readable = Demangle(shorter, style); readable != shorter) return readable;
  }
  if (style == DemangleStyle::kFull || !LooksLikeCpp(name)) return name;
  name = WithoutBracketed(std::move(name), '(', ')');
  if (style == DemangleStyle::kDefault) name = WithoutBracketed(std::move(name), '<', '>');
  return name;
}

}  // namespace cpprof::symbolize
