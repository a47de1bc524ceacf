// SPDX-License-Identifier: Apache-2.0
//
// See shell.h.
#include "tools/shell/shell.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "tools/base/strings.h"
#include "tools/driver/generate.h"
#include "tools/driver/output.h"
#include "tools/driver/usage.h"
#include "tools/shell/command_parser.h"
#include "tools/shell/held_signals.h"
#include "tools/shell/job.h"
#include "tools/shell/line_reader.h"
#include "tools/shell/terminal.h"

namespace cpprof::shell {
namespace {

constexpr std::string_view kCommentStart = "//:";

class Shell {
 public:
  // `interrupts`: SIGINT, where somebody may press Ctrl-C, or null.
  Shell(const profile::Profile& profile, driver::Config config, HeldSignals* interrupts,
        Notices* notices)
      : profile_(profile), config_(std::move(config)), interrupts_(interrupts), notices_(*notices) {
    config_.compact_labels = true;
  }

  void Run(LineReader* reader) {
    std::string line;
    while (!done_ && reader->Read(&line)) {
      for (const std::string& input : Expand(line)) {
        if (!done_) Execute(input);
      }
    }
  }

 private:
  // A shortcut as the lines it stands for.
  std::vector<std::string> Expand(std::string_view line) const {
    const std::string input(TrimSpace(line));
    if (input == ":") return {"focus=", "ignore=", "hide=", "tagfocus=", "tagignore="};
    for (const profile::ValueType& type : profile_.sample_types) {
      const std::string name(profile_.Text(type.type));
      if (input == name) return {"sample_index=" + name};
      if (input == "total_" + name) return {"mean=0", "sample_index=" + name};
      if (input == "mean_" + name) return {"mean=1", "sample_index=" + name};
    }
    return {input};
  }

  void Execute(const std::string& input) {
    if (Assign(input)) return;
    const std::vector<std::string_view> words = Fields(input);
    if (words.empty()) return;
    const std::string_view command = words.front();
    if (command == "exit" || command == "quit" || command == "q") {
      done_ = true;
    } else if (command == "o" || command == "options") {
      ShowOptions();
    } else if (command == "help") {
      const size_t at = input.find("help") + 4;
      ShowHelp(std::string(TrimSpace(std::string_view(input).substr(at))));
    } else {
      Report(input);
    }
  }

  // name=value, or the name of an option alone. False if the line is something else.
  bool Assign(const std::string& input) {
    const size_t equals = input.find('=');
    const std::string name(TrimSpace(std::string_view(input).substr(0, equals)));
    const driver::Option* option = driver::FindOption(name);
    const driver::Option* choice_of = driver::FindOptionWithChoice(name);
    if (option == nullptr && choice_of == nullptr) return false;
    std::string value;
    if (equals != std::string::npos) {
      const std::string_view text = std::string_view(input).substr(equals + 1);
      value = TrimSpace(text.substr(0, text.rfind(kCommentStart)));
    } else if (option != nullptr &&
               !std::holds_alternative<bool driver::Config::*>(option->member)) {
      notices_.Print("please specify a value, e.g. " + name + "=<val>");
      return true;
    }
    const Status set = option != nullptr ? Set(*option, value) : SetChoice(*choice_of, name, value);
    if (!set.ok()) notices_.Print(set.message());
    return true;
  }

  Status Set(const driver::Option& option, const std::string& value) {
    if (option.name != "sample_index") return driver::SetOption(&config_, option, value);
    // Kept as a name, so that `options` can show it.
    const Result<size_t> index = driver::FindSampleIndex(profile_, value);
    if (!index.ok()) return index.status();
    const size_t known = *index;
    if (known >= profile_.sample_types.size()) return Status::Error("profile has no samples");
    return driver::SetOption(&config_, option, profile_.Text(profile_.sample_types[known].type));
  }

  // lines=true is granularity=lines.
  Status SetChoice(const driver::Option& option, const std::string& choice,
                   const std::string& value) {
    for (const char* yes : {"1", "t", "T", "TRUE", "true", "True"}) {
      if (value == yes) return driver::SetOption(&config_, option, choice);
    }
    return Status::Error("unknown config field " + Quote(choice));
  }

  void Report(const std::string& line) {
    Result<ParsedCommand> parsed = ParseCommand(line, config_);
    if (!parsed.ok()) {
      notices_.Print(parsed.message());
      return;
    }
    parsed->destination.interactive = true;
    const auto report = [&] { MakeReport(*parsed); };
    if (interrupts_ != nullptr) {
      RunJob(report, interrupts_, &notices_);
    } else {
      report();
    }
  }

  void MakeReport(const ParsedCommand& parsed) {
    const Result<std::string> report =
        driver::GenerateReport(profile_, parsed.request, parsed.config, &notices_);
    // From here on Ctrl-C is for the command at the other end, a pager perhaps.
    std::optional<HeldSignals> deaf;
    if (!parsed.destination.pipe.empty()) deaf.emplace(std::initializer_list<int>{SIGINT});
    const Status written = report.ok() ? driver::WriteOutput(*report, *parsed.request.command,
                                                             parsed.destination, &notices_)
                                       : report.status();
    if (deaf) HeldSignals::Forget(SIGINT);
    if (!written.ok()) notices_.Print(written.message());
  }

  void ShowOptions() const {
    std::vector<std::string> lines;
    for (const driver::Option& option : driver::Options()) {
      if (option.name == "source_path") continue;
      std::string value = driver::GetOption(config_, option);
      if (option.is_ours && value == driver::GetOption(driver::Config(), option)) continue;
      std::string comment;
      if (!option.choices.empty()) {
        comment = ChoiceList(option);
        if (value.empty()) value = "(default)";
      } else if (option.name == "sample_index") {
        comment = TypeList(&value);
      } else if (option.name == "nodecount" && value == "-1") {
        comment = "default";
      } else if (value.empty()) {
        value = "\"\"";
      }
      if (!comment.empty()) comment = std::string(kCommentStart) + " " + comment;
      lines.push_back("  " + PadRight(option.name, 25) + " = " + PadRight(value, 20) + " " +
                      comment);
    }
    std::sort(lines.begin(), lines.end());
    for (const std::string& line : lines) notices_.Print(line);
  }

  static std::string ChoiceList(const driver::Option& option) {
    std::vector<std::string> names;
    for (const driver::Choice& choice : option.choices) names.emplace_back(choice.name);
    std::sort(names.begin(), names.end());
    return "[" + Join(names, " | ") + "]";
  }

  // The profile's types; an empty *value becomes the one that is shown by default.
  std::string TypeList(std::string* value) const {
    std::vector<std::string> names;
    for (const profile::ValueType& type : profile_.sample_types) {
      names.emplace_back(profile_.Text(type.type));
    }
    if (value->empty() && !names.empty()) *value = names.back();
    return "[" + Join(names, " | ") + "]";
  }

  void ShowHelp(const std::string& topic) const {
    std::string text = topic.empty() ? driver::ShellUsage() : driver::HelpOn(topic);
    if (text.empty()) text = "Unknown command: " + topic;
    if (text.back() == '\n') text.pop_back();
    notices_.Print(text);
  }

  const profile::Profile& profile_;
  driver::Config config_;
  HeldSignals* const interrupts_;
  Notices& notices_;
  bool done_ = false;
};

}  // namespace

Status Run(const profile::Profile& profile, driver::Config config, Notices* notices) {
  const Result<std::vector<std::string>> description =
      driver::DescribeProfile(profile, config, notices);
  if (description.ok()) {
    for (const std::string& line : *description) notices->Print(line);
  }
  notices->Print("Entering interactive mode (type \"help\" for commands, \"o\" for options)");
  std::unique_ptr<LineReader> reader;
  std::optional<HeldSignals> interrupts;
  if (IsTerminal()) reader = TerminalReader::Open(profile);
  if (reader == nullptr)
    reader = std::make_unique<PlainReader>();
  else
    interrupts.emplace(std::initializer_list<int>{SIGINT});
  Shell(profile, std::move(config), interrupts ? &*interrupts : nullptr, notices).Run(reader.get());
  if (interrupts) HeldSignals::Forget(SIGINT);
  return Status::Ok();
}

}  // namespace cpprof::shell
