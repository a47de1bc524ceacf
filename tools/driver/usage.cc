// SPDX-License-Identifier: Apache-2.0
//
// See usage.h.
#include "tools/driver/usage.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "tools/base/strings.h"
#include "tools/driver/commands.h"
#include "tools/driver/config.h"
#include "tools/driver/words.h"

namespace cpprof::driver {
namespace {

constexpr std::string_view kSynopsis =
    R"(cpprof shows where a program spends time, memory or waiting, from profiles of it.

usage:
   cpprof FORMAT [OPTIONS] [BINARY] SOURCE...    print one report
   cpprof [OPTIONS] [BINARY] SOURCE...           explore in a shell
   cpprof [FORMAT] [OPTIONS] KIND DIRECTORY      the newest dump of this kind in a dump directory
   cpprof [FORMAT] [OPTIONS] [KIND] pid:N        the same of a process, live if its agent answers
   cpprof DIRECTORY                              list the dumps in it
   cpprof ps                                     list the processes that run under the agent
   cpprof ctl PROCESS VERB...                    have a process's agent do something; see ctl -h
   cpprof completion bash                        print a script that lets bash complete all this

)";

constexpr std::string_view kSources =
    R"(
  Sources (several are added up):
    FILE                  A profile: profile.proto or a legacy format, folded stacks, or what
                          "perf script" prints; gzip-compressed or not
    DIRECTORY             A dump directory of the agent; also DIRECTORY/KIND, DIRECTORY@N (N dumps
                          before the newest)
    http://HOST/PATH      A profile to fetch; also https, https+insecure, unix:SOCKET/PATH
    pid:N[/KIND]          A process under the agent: asked by its control socket, or its newest dump
    BINARY                The profiled program, if it is not where the profile says

  Source options:
    -base SOURCE          Subtract this profile
    -diff_base SOURCE     Compare with this profile: percentages refer to it
    -pid N                Of a dump directory, only dumps of this process
    -seconds N            How long a fetched profile shall collect
    -timeout N            How many seconds to wait for a server
    -buildid ID           Build id of the program, if the profile has none
    -add_comment TEXT     Add a comment to the profile
    -all_frames           Show frames that the profile asks to leave out
    -symbolize MODE       Where names come from: none, local, fastlocal, remote, force,
                          demangle=none|full|templates|default; several separated by ':'
    -tools LIST           Directories with programs such as objdump
    -tls_cert FILE, -tls_key FILE, -tls_ca FILE
                          Certificates for https

  Limits, for builds that shall fail when a program becomes slower (exit status 3, and a line for
  each function over a limit; without a format nothing else is printed):
    -fail_over LIST       flat=20%,cum=500ms: what a function may cost at most, as a share of the
                          total or in a unit of the samples; with -base and -diff_base the increase.
                          growth=10%: how much more its cum may be than in the -diff_base profile,
                          as a share of what it was there; functions below -nodefraction before and
                          after are not looked at
    -fail_only REGEXP     Only limit functions that match

  Web options:
    -http HOST:PORT       Serve the web interface
    -no_browser           Do not open a browser for it

  Short forms of -sample_index:
    -inuse_space, -inuse_objects, -alloc_space, -alloc_objects, -total_delay, -contentions,
    -mean_delay           (-mean -sample_index=delay)

  Environment:
    PPROF_TMPDIR          Where copies of fetched profiles go (default: $HOME/pprof)
    PPROF_BINARY_PATH     Where binaries are looked for (default: $HOME/pprof/binaries)
    PPROF_TOOLS           As -tools
)";

std::string HelpLine(const std::string& name, std::string_view help) {
  return "    " + PadRight(name, 16) + " " + std::string(help) + "\n";
}

// The lists that flags and shell have in common; `prefix` is "-" for flags.
std::string Lists(const std::string& prefix) {
  std::string out = prefix.empty() ? "  Commands:\n" : "  Output formats (at most one):\n";
  for (const Command& command : Commands()) {
    out += HelpLine(prefix + std::string(command.name), command.help);
  }
  if (prefix.empty()) {
    out += HelpLine("o/options", "Show the options and their values");
    out += HelpLine("q/quit/exit/^D", "Leave");
  }
  out += "\n  Options:\n";
  std::vector<std::string> lines;
  std::string groups;
  for (const Option& option : Options()) {
    if (option.choices.empty()) {
      lines.push_back(HelpLine(prefix + std::string(option.name), option.help));
      continue;
    }
    groups += HelpLine(std::string(option.name), option.help);
    for (const Choice& choice : option.choices) {
      groups += "  " + HelpLine(prefix + std::string(choice.name), choice.help);
    }
  }
  std::sort(lines.begin(), lines.end());
  return out + Join(lines, "") + "\n  Option groups (at most one of each):\n" + groups;
}

}  // namespace

std::string CommandLineUsage() {
  std::string kinds;
  for (const std::string_view kind : Kinds())
    kinds += (kinds.empty() ? "" : ", ") + std::string(kind);
  return std::string(kSynopsis) + "  Kinds:\n    " + kinds + "\n\n" + Lists("-") +
         std::string(kSources);
}

std::string ShellUsage() {
  return Lists("") +
         "\n"
         "  :   Clear focus, ignore, hide, tagfocus and tagignore\n"
         "\n"
         "  COMMAND >FILE, >>FILE, | SHELL COMMAND\n"
         "      Where the report goes instead of here\n"
         "\n"
         "  type name=value to set an option, \"help NAME\" to learn more about it\n";
}

std::string HelpOn(const std::string& name) {
  if (const Command* command = FindCommand(name)) {
    std::string text = std::string(command->help) + "\n";
    if (!command->usage.empty()) {
      text += "  Usage:\n";
      for (const std::string_view line : Split(command->usage, '\n')) {
        text += "    " + std::string(line) + "\n";
      }
    }
    return text;
  }
  const Option* option = FindOption(name);
  if (option != nullptr) {
    std::string text = std::string(option->help) + "\n";
    if (!option->details.empty()) text += std::string(option->details) + "\n";
    for (const Choice& choice : option->choices) {
      text += HelpLine(std::string(choice.name), choice.help);
    }
    return text;
  }
  option = FindOptionWithChoice(name);
  if (option == nullptr) return "";
  for (const Choice& choice : option->choices) {
    if (choice.name == name) return std::string(choice.help) + "\n";
  }
  return "";
}

}  // namespace cpprof::driver
