// SPDX-License-Identifier: Apache-2.0
//
// See completion.h.
#include "tools/shell/completion.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <set>
#include <system_error>

#include "tools/base/path.h"
#include "tools/base/strings.h"
#include "tools/driver/commands.h"
#include "tools/driver/config.h"

namespace cpprof::shell {
namespace {

constexpr std::string_view kOwnCommands[] = {"exit", "help", "options", "quit"};
constexpr std::string_view kUnits[] = {"minimum", "auto", "B",  "kB", "MB", "GB", "TB",
                                       "PB",      "ns",   "us", "ms", "s",  "hrs"};
constexpr std::string_view kSpecial = "\\.+*?()|[]{}^$";

using Words = std::vector<std::string>;

bool StartsWithAnyCase(std::string_view word, std::string_view start) {
  return word.size() >= start.size() &&
         AsciiLower(word.substr(0, start.size())) == AsciiLower(start);
}

// The words that start like `typed`: those written alike, or if there are none, in another case.
Words Fitting(const Words& words, std::string_view typed) {
  Words fitting;
  std::copy_if(words.begin(), words.end(), std::back_inserter(fitting),
               [&](const std::string& word) { return word.starts_with(typed); });
  if (fitting.empty()) {
    std::copy_if(words.begin(), words.end(), std::back_inserter(fitting),
                 [&](const std::string& word) { return StartsWithAnyCase(word, typed); });
  }
  return fitting;
}

// An expression that matches the name, without white space.
std::string ExpressionFor(std::string_view name) {
  std::string expression;
  for (const char c : name) {
    if (c == ' ' || c == '\t') {
      expression += '.';
    } else {
      if (kSpecial.find(c) != std::string_view::npos) expression += '\\';
      expression += c;
    }
  }
  return expression;
}

// What comes from a profile must not steer the terminal.
bool HasControls(std::string_view name) {
  return std::any_of(name.begin(), name.end(),
                     [](unsigned char c) { return c < ' ' || c == 0x7f; });
}

class Completer {
 public:
  explicit Completer(const profile::Profile& profile) : profile_(profile) {}

  Completion Run(std::string_view line) {
    const std::string_view input =
        line.substr(std::min(line.find_first_not_of(" \t"), line.size()));
    const size_t space = input.find_first_of(" \t");
    if (const size_t equals = input.find('='); equals < space) {
      return OptionValue(TrimSpace(input.substr(0, equals)), input.substr(equals + 1));
    }
    if (space == std::string_view::npos) return FirstWord(input);
    const std::string_view last = input.substr(input.find_last_of(" \t") + 1);
    return Argument(input.substr(0, space), input.substr(space, input.size() - last.size() - space),
                    last);
  }

 private:
  Completion FirstWord(std::string_view typed) const {
    Words words = Topics();
    for (const std::string_view name : kOwnCommands) words.emplace_back(name);
    for (const std::string& type : SampleTypes()) {
      for (const char* prefix : {"", "total_", "mean_"}) words.push_back(prefix + type);
    }
    Completion completion = Among(words, typed);
    if (completion.words.size() == 1) {
      const driver::Option* option = driver::FindOption(completion.words.front());
      // A boolean alone is an assignment already.
      if (option != nullptr) completion.end = IsBoolean(*option) ? "" : "=";
    }
    return completion;
  }

  Completion OptionValue(std::string_view name, std::string_view typed) const {
    const driver::Option* option = driver::FindOption(name);
    if (option == nullptr) {
      return driver::FindOptionWithChoice(name) == nullptr ? Completion() : Among({"true"}, typed);
    }
    if (IsBoolean(*option)) return Among({"false", "true"}, typed);
    if (!option->choices.empty()) {
      Words words;
      for (const driver::Choice& choice : option->choices) words.emplace_back(choice.name);
      return Among(words, typed);
    }
    if (name == "sample_index") return Among(SampleTypes(), typed);
    if (name == "unit") return Among(Words(std::begin(kUnits), std::end(kUnits)), typed);
    for (const char* by_function : {"focus", "ignore", "hide", "show", "show_from", "prune_from"}) {
      if (name == by_function) return Functions(typed.substr(typed.rfind('|') + 1));
    }
    for (const char* by_key : {"tagshow", "taghide", "tagroot", "tagleaf"}) {
      if (name == by_key) return Ended(Among(LabelKeys(), typed.substr(typed.rfind(',') + 1)), "");
    }
    if (name == "tagfocus" || name == "tagignore") return Ended(Among(LabelKeys(), typed), "=");
    if (name == "output" || name == "source_path" || name == "trim_path") return Files(typed);
    return {};
  }

  // The word `typed` behind a command and, `between` them, other words.
  Completion Argument(std::string_view command, std::string_view between,
                      std::string_view typed) const {
    if (command == "help") return Among(Topics(), typed);
    const std::vector<std::string_view> earlier = Fields(between);
    const auto is_pipe = [](std::string_view word) { return word.starts_with('|'); };
    if (std::any_of(earlier.begin(), earlier.end(), is_pipe) || is_pipe(typed)) return {};
    if (typed.starts_with('>')) {
      return Files(typed.substr(std::min(typed.find_first_not_of('>'), typed.size())));
    }
    if (!earlier.empty() && (earlier.back() == ">" || earlier.back() == ">>")) return Files(typed);
    // "top10" is a command, too.
    const driver::Command* known =
        driver::FindCommand(command.substr(0, command.find_last_not_of("0123456789") + 1));
    if (known == nullptr) return {};
    if (typed.starts_with('-')) typed.remove_prefix(1);
    if (known->name == "tags") return Among(LabelKeys(), typed);
    return Functions(typed);
  }

  Completion Functions(std::string_view typed) const {
    std::set<std::string> found;
    for (const profile::Function& function : profile_.functions) {
      const std::string_view name = profile_.Text(function.name);
      if (name.empty() || HasControls(name)) continue;
      std::string expression = ExpressionFor(name);
      if (name.find(typed) != std::string_view::npos ||
          expression.find(typed) != std::string::npos) {
        found.insert(std::move(expression));
      }
    }
    return {typed.size(), {found.begin(), found.end()}};
  }

  static Completion Files(std::string_view typed) {
    const size_t name_at = typed.rfind('/') + 1;
    const std::string directory(typed.substr(0, name_at));
    const std::string_view name = typed.substr(name_at);
    Completion completion{name.size(), {}};
    std::error_code error;
    std::filesystem::directory_iterator entry(directory.empty() ? "." : directory, error);
    for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
      std::string word = entry->path().filename();
      if (!word.starts_with(name) || (name.empty() && word.starts_with('.'))) continue;
      if (entry->is_directory(error)) word += '/';
      completion.words.push_back(std::move(word));
    }
    std::sort(completion.words.begin(), completion.words.end());
    if (completion.words.size() == 1 && completion.words[0].back() == '/') completion.end = "";
    return completion;
  }

  static Completion Among(const Words& words, std::string_view typed) {
    Words fitting = Fitting(words, typed);
    std::sort(fitting.begin(), fitting.end());
    fitting.erase(std::unique(fitting.begin(), fitting.end()), fitting.end());
    return {typed.size(), std::move(fitting)};
  }

  static Completion Ended(Completion completion, std::string_view end) {
    completion.end = end;
    return completion;
  }

  static bool IsBoolean(const driver::Option& option) {
    return std::holds_alternative<bool driver::Config::*>(option.member);
  }

  // What there is help on.
  static Words Topics() {
    Words words;
    for (const driver::Command& command : driver::Commands()) words.emplace_back(command.name);
    for (const driver::Option& option : driver::Options()) {
      words.emplace_back(option.name);
      for (const driver::Choice& choice : option.choices) words.emplace_back(choice.name);
    }
    return words;
  }

  Words SampleTypes() const {
    Words types;
    for (const profile::ValueType& type : profile_.sample_types) {
      types.emplace_back(profile_.Text(type.type));
    }
    return types;
  }

  Words LabelKeys() const {
    std::set<profile::StringId> keys;
    for (size_t row = 0; profile_.samples.has_labels() && row < profile_.samples.size(); ++row) {
      for (const profile::Label& label : profile_.samples.Labels(row)) keys.insert(label.key);
    }
    Words words;
    for (const profile::StringId key : keys) {
      if (!HasControls(profile_.Text(key))) words.emplace_back(profile_.Text(key));
    }
    return words;
  }

  const profile::Profile& profile_;
};

}  // namespace

std::string Completion::Common(std::string_view typed) const {
  if (words.empty()) return "";
  if (words.size() == 1) return words.front() + std::string(end);
  std::string_view common = words.front();
  for (const std::string& word : words) {
    const auto differ = std::mismatch(common.begin(), common.end(), word.begin(), word.end());
    common = common.substr(0, static_cast<size_t>(differ.first - common.begin()));
  }
  // Never half of a character that has several bytes.
  while (!common.empty() && common.size() < words.front().size() &&
         (static_cast<unsigned char>(words.front()[common.size()]) & 0xc0) == 0x80) {
    common.remove_suffix(1);
  }
  // Functions match in the middle: their common start may have nothing of what was typed.
  return StartsWithAnyCase(common, typed) ? std::string(common) : "";
}

Completion Complete(std::string_view line, const profile::Profile& profile) {
  return Completer(profile).Run(line);
}

}  // namespace cpprof::shell
