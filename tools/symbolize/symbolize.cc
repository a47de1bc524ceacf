// SPDX-License-Identifier: Apache-2.0
#include "tools/symbolize/symbolize.h"

#include <vector>

#include "tools/symbolize/advice.h"
#include "tools/symbolize/demangle.h"
#include "tools/symbolize/local.h"
#include "tools/symbolize/mode.h"

namespace cpprof::symbolize {
namespace {

// *readable may have names already, and gets all others.
void DemangleFunctions(profile::Profile* profile, bool force, DemangleStyle style,
                       ReadableNames* readable) {
  // Many functions share a linker name (one for each file or line), and demangling is not cheap.
  for (profile::Function& function : profile->functions) {
    const bool named = function.name != 0;
    if (force && named && function.system_name != 0) function.name = function.system_name;
    // Whoever made the profile has demangled it.
    if (named && function.name != function.system_name) continue;
    profile::StringId& name = (*readable)[function.system_name];
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
  LocalSymbolizer local(profile, mode, ChooseAnswerStyle(options.tools), options.cache, notices);
  if (mode.local) local.Run();
  if (mode.remote) {
    Status status = SymbolizeRemotely(profile, mode.force, sources, post);
    if (!status.ok()) return status;
  }
  ReadableNames readable(profile->strings->size(), profile::kNone);
  local.Seed(&readable);
  DemangleFunctions(profile, mode.force, mode.demangle, &readable);
  local.Save(readable);
  if (options.advise) {
    const std::string advice = AdviseOnNames(
        *profile, [&](profile::MappingIndex mapping) { return local.AdviceFor(mapping); });
    if (!advice.empty()) notices->Print(advice);
  }
  return Status::Ok();
}

}  // namespace cpprof::symbolize
