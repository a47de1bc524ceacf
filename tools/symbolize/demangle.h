// SPDX-License-Identifier: Apache-2.0
//
// Linker names to source names, in the reference's four styles. C++ and Rust (both manglings) are
// recognised; a name that is neither, or cannot be read, comes back unchanged.
#pragma once

#include <string>
#include <string_view>

namespace cpprof::symbolize {

enum class DemangleStyle {
  kDefault,    // no parameters, no template arguments, no return type
  kTemplates,  // no parameters, no return type
  kFull,       // everything but the suffixes of cloned functions (.isra.0, .cold)
  kNone,       // the linker's name
};

// The readable form of a linker name.
std::string Demangle(std::string_view mangled, DemangleStyle style);

// What to show for a function whose linker name is `system_name`: its readable form; or, when that
// is text which looks like C++ already, the text without its parameters and template arguments.
std::string DisplayName(std::string_view system_name, DemangleStyle style);

// Whether DisplayName could return anything but the name itself; cheap, to spare the rest.
bool MayHaveOtherDisplayName(std::string_view system_name);

}  // namespace cpprof::symbolize
