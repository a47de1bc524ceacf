// SPDX-License-Identifier: Apache-2.0
#include "tools/symbolize/symbolize.h"

#include <vector>

#include "tools/symbolize/demangle.h"
#include "tools/symbolize/local.h"
#include "tools/symbolize/mode.h"

namespace cpprof::symbolize {
namespace {

void DemangleFunctions(profile::Profile* profile, bool force, DemangleStyle style) {
  // Many functions share a linker name (one for each file or line), and demangling is not cheap.
  std::vector<profile::StringId> readable(profile->strings->size(), profile::kNone);
  for (profile::Function& function : profile->functions) {
    const bool named = function.name != 0;
    if (force && named && function.system_name != 0) function.name = function.system_name;
    // Whoever made the profile has demangled it.
    if (named && function.name != function.system_name) continue;
    profile::StringId& name = readable[function.system_name];
    if (name == profile::kNone) {
      const std::string_view system_name = profile->Text(function.system_name);
      name = MayHaveOtherDisplayName(system_name) ? profile->Intern(DisplayName(system_name, style))
                                                  : function.system_name;
    }
    function.name = name;
  }
}

}  // namespace

Status Symbolize(profile::Profile* profile, const Options& options,
                 const fetch::MappingSources& sources, const Post& post, Notices* notices) {
  const Mode mode = ParseMode(options.mode, notices);
  if (mode.none) return Status::Ok();
  if (mode.local) {
    SymbolizeLocally(profile, mode, ChooseAnswerStyle(options.tools), notices);
  }
  if (mode.remote) {
    Status status = SymbolizeRemotely(profile, mode.force, sources, post);
    if (!status.ok()) return status;
  }
  DemangleFunctions(profile, mode.force, mode.demangle);
  return Status::Ok();
}

}  // namespace cpprof::symbolize
