// SPDX-License-Identifier: Apache-2.0
//
// tagfocus and tagignore: a predicate on the labels of a sample, written as
//
//     [key=]range       32kb  :64kb  4mb:  12kb:64mb      numbers, in any unit of the family
//     [key=]re,re,...   without key, each must match some "key:value"; with it, any its value
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "tools/base/notices.h"
#include "tools/base/status.h"
#include "tools/profile/profile.h"

namespace cpprof::driver {

using TagFilter = std::function<bool(std::span<const profile::Label>)>;

// `name` is the option's; a null function for an empty `expression`. The profile must outlive the
// filter.
Result<TagFilter> CompileTagFilter(std::string_view name, std::string_view expression,
                                   const profile::Profile& profile,
                                   const std::map<std::string, std::string>& label_units,
                                   Notices* notices);

}  // namespace cpprof::driver
