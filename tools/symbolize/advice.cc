// SPDX-License-Identifier: Apache-2.0
#include "tools/symbolize/advice.h"

#include <algorithm>
#include <vector>

#include "tools/base/path.h"
#include "tools/base/strings.h"
#include "tools/symbolize/local.h"

namespace cpprof::symbolize {
namespace {

// What a shell's window has room for.
constexpr size_t kMostNamed = 3;
// Some frames never have names: trampolines, generated code.
constexpr double kNegligible = 0.005;

struct Unnamed {
  profile::MappingIndex mapping = 0;
  uint64_t frames = 0;
};

}  // namespace

std::string AdviseOnNames(const profile::Profile& profile,
                          const std::function<std::string(profile::MappingIndex)>& advice) {
  std::vector<Unnamed> unnamed(profile.mappings.size());
  for (profile::MappingIndex i = 0; i < unnamed.size(); ++i) unnamed[i].mapping = i;
  uint64_t total = 0;
  for (size_t row = 0; row < profile.samples.size(); ++row) {
    for (const profile::LocationIndex index : profile.samples.Stack(row)) {
      const profile::Location& location = profile.locations[index];
      ++total;
      if (location.line_count == 0 && location.mapping < unnamed.size()) {
        ++unnamed[location.mapping].frames;
      }
    }
  }
  std::erase_if(unnamed, [&](const Unnamed& one) {
    return one.frames == 0 || IsUnsymbolizable(profile.Text(profile.mappings[one.mapping].file));
  });
  std::stable_sort(unnamed.begin(), unnamed.end(),
                   [](const Unnamed& a, const Unnamed& b) { return a.frames > b.frames; });
  uint64_t frames = 0;
  std::string files;
  size_t named = 0;
  for (const Unnamed& one : unnamed) {
    frames += one.frames;
    if (named == kMostNamed) continue;
    const std::string why = advice(one.mapping);
    if (why.empty()) continue;
    ++named;
    const std::string_view file = profile.Text(profile.mappings[one.mapping].file);
    files += (files.empty() ? "" : "; ") + (file.empty() ? "a file without name" : BaseName(file)) +
             " (" + why + ")";
  }
  const double share = total == 0 ? 0 : static_cast<double>(frames) / static_cast<double>(total);
  if (files.empty() || share < kNegligible) return "";
  if (unnamed.size() > named) AppendFormat(&files, " and %zu more", unnamed.size() - named);
  return StrFormat("No names for %.0f%% of the frames: ", share * 100) + files;
}

}  // namespace cpprof::symbolize
