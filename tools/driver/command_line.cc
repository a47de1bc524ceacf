// SPDX-License-Identifier: Apache-2.0
//
// See command_line.h.
#include "tools/driver/command_line.h"

#include <unistd.h>

#include <cstdlib>
#include <deque>
#include <utility>

#include "tools/base/strings.h"
#include "tools/driver/flags.h"
#include "tools/driver/words.h"
#include "tools/elf/file.h"
#include "tools/fetch/dump_directory.h"

namespace cpprof::driver {
namespace {

// A flag that only picks a sample type, from before -sample_index.
struct TypeFlag {
  const char* flag;
  const char* type;
  bool mean;
};

// In the order in which the first one given wins.
constexpr TypeFlag kTypeFlags[] = {
    {"total_delay", "delay", false},           {"mean_delay", "delay", true},
    {"contentions", "contentions", false},     {"inuse_space", "inuse_space", false},
    {"inuse_objects", "inuse_objects", false}, {"alloc_space", "alloc_space", false},
    {"alloc_objects", "alloc_objects", false},
};

// No user's text.
constexpr std::string_view kNotGiven = "\n";

// Ten years.
constexpr int64_t kMostSeconds = int64_t{10} * 365 * 24 * 3600;

class Parser {
 public:
  explicit Parser(Notices* notices) : notices_(*notices) {}

  std::vector<FlagName> Flags() {
    DeclareFlags();
    std::vector<FlagName> flags;
    for (std::string& name : flags_.Names()) {
      const bool takes_value = flags_.TakesValue(name);
      flags.push_back({std::move(name), takes_value});
    }
    return flags;
  }

  Result<CommandLine> Run(const std::vector<std::string>& arguments) {
    if (const char* tools = std::getenv("PPROF_TOOLS")) line_.tools = tools;
    DeclareFlags();
    Result<std::vector<std::string>> rest = flags_.Parse(arguments, &line_.help);
    if (!rest.ok()) return rest.status();
    if (line_.help) return line_;
    line_.config.tools = line_.tools;
    if (rest->empty()) {
      return Status::Error("no profile source specified (\"cpprof help\" shows what can be one)");
    }
    for (Status (Parser::*step)() :
         {&Parser::CheckTimes, &Parser::ApplyChoices, &Parser::FindFormat, &Parser::CheckWeb,
          &Parser::FindBases, &Parser::FindLimits}) {
      Status status = (this->*step)();
      if (!status.ok()) return status;
    }
    PickSampleType();
    Status sources = FindSources(std::move(*rest));
    if (!sources.ok()) return sources;
    return line_;
  }

 private:
  void DeclareFlags() {
    flags_.String("base", &base_);
    flags_.String("diff_base", &diff_base_);
    flags_.String("symbolize", &line_.symbolize);
    flags_.String("buildid", &line_.build_id);
    flags_.String("add_comment", &line_.comment);
    flags_.String("tools", &line_.tools);
    flags_.String("fail_over", &fail_over_);
    flags_.String("fail_only", &line_.limited_functions);
    flags_.Int("seconds", &line_.seconds);
    flags_.Int("timeout", &line_.timeout);
    flags_.Int("pid", &pid_);
    flags_.Bool("all_frames", &line_.all_frames);
    flags_.String("http", &http_);
    flags_.Bool("no_browser", &line_.no_browser);
    flags_.String("tls_cert", &line_.tls_certificate);
    flags_.String("tls_key", &line_.tls_key);
    flags_.String("tls_ca", &line_.tls_authority);
    for (size_t i = 0; i < std::size(kTypeFlags); ++i) {
      flags_.Bool(kTypeFlags[i].flag, &type_flags_[i]);
    }
    DeclareOptions();
    for (const Command& command : Commands()) {
      if (command.takes_regexp) {
        regexps_.emplace_back(&command, std::string());
        flags_.String(command.name, &regexps_.back().second);
      } else {
        formats_.emplace_back(&command, false);
        flags_.Bool(command.name, &formats_.back().second);
      }
    }
  }

  void DeclareOptions() {
    Config& config = line_.config;
    for (const Option& option : Options()) {
      if (!option.choices.empty()) {
        for (const Choice& choice : option.choices) {
          choices_.push_back({&option, choice.name, false});
          flags_.Bool(choice.name, &choices_.back().set);
        }
      } else if (const auto* boolean = std::get_if<bool Config::*>(&option.member)) {
        flags_.Bool(option.name, &(config.**boolean));
      } else if (const auto* integer = std::get_if<int64_t Config::*>(&option.member)) {
        flags_.Int(option.name, &(config.**integer));
      } else if (const auto* number = std::get_if<double Config::*>(&option.member)) {
        flags_.Double(option.name, &(config.**number));
      } else {
        flags_.String(option.name, &(config.*std::get<std::string Config::*>(option.member)));
      }
    }
  }

  Status CheckTimes() {
    for (const auto& [name, value] :
         {std::pair{"-seconds", line_.seconds}, std::pair{"-timeout", line_.timeout}}) {
      if (value > kMostSeconds) {
        return Status::Error(std::string(name) + ": " + std::to_string(value) +
                             " seconds are more than the " + std::to_string(kMostSeconds) +
                             " that can be waited for");
      }
    }
    return Status::Ok();
  }

  Status ApplyChoices() {
    for (const Option& option : Options()) {
      std::vector<std::string> set;
      for (const ChoiceFlag& choice : choices_) {
        if (choice.option == &option && choice.set) set.emplace_back(choice.name);
      }
      if (set.size() > 1) {
        return Status::Error("conflicting options set: [" + Join(set, " ") + "]");
      }
      if (!set.empty()) {
        Status status = SetOption(&line_.config, option, set.front());
        if (!status.ok()) return status;
      }
    }
    return Status::Ok();
  }

  Status FindFormat() {
    const auto choose = [&](const Command* command, const std::string& regexp) {
      const bool first = line_.request.command == nullptr;
      line_.request = {command, regexp};
      return first;
    };
    bool one = true;
    for (const auto& [command, set] : formats_) {
      if (set) one &= choose(command, "");
    }
    for (const auto& [command, regexp] : regexps_) {
      if (!regexp.empty()) one &= choose(command, regexp);
    }
    if (!one) return Status::Error("must set at most one output format");
    const std::string& encoding = line_.config.encoding;
    if (line_.request.command != nullptr) return CheckEncoding(*line_.request.command, encoding);
    if (encoding != "plain") line_.request.command = FindCommand("top");
    return Status::Ok();
  }

  Status CheckWeb() {
    if (!http_.empty()) line_.http = http_;
    if (line_.request.command != nullptr && line_.http) {
      return Status::Error("-http is not compatible with an output format on the command line");
    }
    if (line_.no_browser && !line_.http) {
      return Status::Error("-no_browser only makes sense with -http");
    }
    return Status::Ok();
  }

  Status FindBases() {
    if (!base_.empty() && !diff_base_.empty()) {
      return Status::Error("-base and -diff_base flags cannot both be specified");
    }
    line_.diff_base = !diff_base_.empty();
    for (const std::string* base : {&base_, &diff_base_}) {
      if (!base->empty()) line_.bases.push_back(*base);
    }
    if (line_.config.normalize && line_.bases.empty()) {
      return Status::Error("must have base profile to normalize by");
    }
    return Status::Ok();
  }

  Status FindLimits() {
    if (fail_over_ == kNotGiven) {
      if (line_.limited_functions.empty()) return Status::Ok();
      return Status::Error("-fail_only only makes sense with -fail_over");
    }
    if (line_.http) return Status::Error("-fail_over is not compatible with -http");
    Result<std::vector<report::Limit>> limits = report::ParseLimits(fail_over_);
    if (!limits.ok()) return limits.status().Annotate("-fail_over");
    line_.limits = std::move(*limits);
    for (const report::Limit& limit : line_.limits) {
      if (limit.measure == report::Limit::Measure::kGrowth && !line_.diff_base) {
        return Status::Error("-fail_over: limit " + limit.text +
                             " needs -diff_base, the profile to compare with");
      }
      if (limit.is_percent && !line_.bases.empty() && !line_.diff_base) {
        return Status::Error("-fail_over: limit " + limit.text +
                             ": percentages with -base refer to the sum of all differences; use "
                             "-diff_base, or an absolute limit");
      }
    }
    return Status::Ok();
  }

  void PickSampleType() {
    std::string& index = line_.config.sample_index;
    for (size_t i = 0; i < std::size(kTypeFlags); ++i) {
      if (!type_flags_[i]) continue;
      if (index.empty()) {
        index = kTypeFlags[i].type;
      } else {
        notices_.Print(std::string("Multiple value selections, ignoring -") + kTypeFlags[i].flag);
      }
      line_.config.mean |= kTypeFlags[i].mean;
    }
  }

  // Tells a kind, a binary or a build id in front from the sources.
  Status FindSources(std::vector<std::string> words) {
    if (pid_ != -1) {
      if (pid_ <= 0) return Status::Error("-pid: " + std::to_string(pid_) + " is no process id");
      line_.pid = pid_;
    }
    const std::string first = words.front();
    const bool exists = access(first.c_str(), F_OK) == 0;
    if (!exists && words.size() > 1 && IsKind(first) && HasKinds(words[1])) {
      line_.kind = first;
      words.erase(words.begin());
    } else if (!exists) {
      Status known = CheckWord(first, words.size() > 1 && HasKinds(words[1]));
      if (!known.ok()) return known;
    }
    if (words.size() > 1 && line_.kind.empty()) {
      if (exists && elf::File::Open(first).ok()) {
        line_.executable = first;
        words.erase(words.begin());
      } else if (!exists && line_.build_id.empty() && IsBuildId(first)) {
        line_.build_id = first;
        words.erase(words.begin());
      }
    }
    line_.sources = std::move(words);
    return Status::Ok();
  }

  // What a kind can stand before: DIR, or one of the forms that name a dump in it, or pid:N.
  static bool HasKinds(const std::string& word) {
    return fetch::IsDirectory(word.substr(0, word.rfind('@'))) || word.starts_with("pid:");
  }

  static bool IsBuildId(const std::string& word) {
    return word.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
  }

  struct ChoiceFlag {
    const Option* option;
    std::string_view name;
    bool set;
  };

  Notices& notices_;
  CommandLine line_;
  FlagSet flags_;
  std::string base_;
  std::string diff_base_;
  std::string http_;
  // An empty list of limits is a mistake in a script that must not pass for no limits.
  std::string fail_over_{kNotGiven};
  int64_t pid_ = -1;
  bool type_flags_[std::size(kTypeFlags)] = {};
  // Flags point into these, so their elements must not move.
  std::deque<ChoiceFlag> choices_;
  std::deque<std::pair<const Command*, bool>> formats_;
  std::deque<std::pair<const Command*, std::string>> regexps_;
};

}  // namespace

std::vector<FlagName> KnownFlags() {
  CollectedNotices unused;
  return Parser(&unused).Flags();
}

Result<CommandLine> ParseCommandLine(const std::vector<std::string>& arguments, Notices* notices) {
  return Parser(notices).Run(arguments);
}

}  // namespace cpprof::driver
