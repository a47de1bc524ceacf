// SPDX-License-Identifier: Apache-2.0
//
// See completion_script.h.
#include "tools/driver/completion_script.h"

#include <vector>

#include "tools/base/strings.h"
#include "tools/driver/command_line.h"
#include "tools/driver/words.h"

namespace cpprof::driver {
namespace {

// @NAMES@ are replaced.
constexpr std::string_view kBash =
    R"(# Completion of cpprof's command line in bash; made by "cpprof completion bash".
_cpprof() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} dash=-
  [[ $word == --* ]] && dash=--
  COMPREPLY=()
  if [[ ${COMP_WORDS[1]} == ctl && $COMP_CWORD -ge 2 ]]; then
    local words='@KINDS@'
    case $COMP_CWORD in
      2) words=$(cpprof ps -q 2>/dev/null) ;;
      3) words=$(cpprof ctl "${COMP_WORDS[2]}" -verbs 2>/dev/null) ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
    return
  fi
  case ${before#-} in
    -symbolize | symbolize)
      mapfile -t COMPREPLY < <(compgen -W '@MODES@' -- "$word")
      return ;;
    -unit | unit)
      mapfile -t COMPREPLY < <(compgen -W '@UNITS@' -- "$word")
      return ;;
    @VALUES@)
      compopt -o filenames
      mapfile -t COMPREPLY < <(compgen -f -- "$word")
      return ;;
  esac
  if [[ $word == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -P "$dash" -W '@FLAGS@' -- "${word#"$dash"}")
  else
    compopt -o filenames
    local words='@KINDS@'
    [[ $COMP_CWORD == 1 ]] && words+=' help ctl ps completion'
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word"; compgen -f -- "$word")
  fi
}
complete -F _cpprof cpprof
)";

constexpr std::string_view kModes =
    "none local fastlocal remote force demangle=none demangle=full demangle=templates "
    "demangle=default";
constexpr std::string_view kUnits = "minimum auto B kB MB GB TB PB ns us ms s hrs";

}  // namespace

Result<std::string> CompletionScript(std::string_view shell) {
  if (shell != "bash") {
    return Status::Error("completion: no script for " + Quote(shell) +
                         "; say \"cpprof completion bash\"");
  }
  std::vector<std::string> flags;
  std::vector<std::string> with_value;
  for (const FlagName& flag : KnownFlags()) {
    flags.push_back(flag.name);
    // `before` has lost one of its dashes.
    if (flag.takes_value) with_value.push_back(flag.name + " | -" + flag.name);
  }
  std::string kinds;
  for (const std::string_view kind : Kinds()) {
    kinds += (kinds.empty() ? "" : " ") + std::string(kind);
  }
  std::string script(kBash);
  script = ReplaceAll(script, "@MODES@", kModes);
  script = ReplaceAll(script, "@UNITS@", kUnits);
  script = ReplaceAll(script, "@VALUES@", Join(with_value, " | "));
  script = ReplaceAll(script, "@FLAGS@", Join(flags, " "));
  return ReplaceAll(script, "@KINDS@", kinds);
}

}  // namespace cpprof::driver
