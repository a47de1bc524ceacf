// SPDX-License-Identifier: Apache-2.0
//
// File names as text, with the rules of Go's path/filepath on Unix: reports print cleaned names,
// and two spellings of one file must meet in one row.
#pragma once

#include <string>
#include <string_view>

namespace cpprof {

// The shortest equivalent name: "a//b/./c/.." -> "a/b", "" -> ".".
std::string CleanPath(std::string_view path);
// The last element: "/a/b/" -> "b", "" -> ".", "/" -> "/".
std::string BaseName(std::string_view path);
// All but the last element, cleaned: "/a/b" -> "/a", "b" -> ".".
std::string DirName(std::string_view path);
// Both parts joined by one slash and cleaned; an empty part is left out.
std::string JoinPath(std::string_view a, std::string_view b);
inline bool IsAbsolutePath(std::string_view path) { return !path.empty() && path[0] == '/'; }

}  // namespace cpprof
