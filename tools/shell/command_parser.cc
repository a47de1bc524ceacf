// SPDX-License-Identifier: Apache-2.0
//
// See command_parser.h.
#include "tools/shell/command_parser.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "tools/base/strings.h"

namespace cpprof::shell {
namespace {

// What top shows in the shell, where a screen is all one wants.
constexpr int64_t kTopNodeCount = 10;

using Words = std::vector<std::string_view>;

void AddAlternative(std::string* expression, std::string_view part) {
  if (!expression->empty() && !part.empty()) *expression += "|";
  *expression += part;
}

// "top10" is "top 10".
void SplitAbbreviation(Words* words) {
  const std::string_view word = words->front();
  const size_t letters = word.find_last_not_of("0123456789") + 1;
  if (letters == 0 || letters == word.size()) return;
  words->insert(words->begin() + 1, word.substr(letters));
  words->front() = word.substr(0, letters);
}

Status UnknownCommand(const Words& words) {
  const std::string name(words.front());
  if (driver::FindOption(name) != nullptr || driver::FindOptionWithChoice(name) != nullptr) {
    const std::string value = words.size() > 1 ? std::string(words[1]) : "<val>";
    return Status::Error("did you mean: " + name + "=" + value);
  }
  return Status::Error("unrecognized command: " + Quote(name));
}

// The words behind the command.
class ArgumentParser {
 public:
  explicit ArgumentParser(driver::Config* config) : config_(*config) {}

  Status Run(std::span<const std::string_view> words) {
    for (size_t i = 0; i < words.size(); ++i) {
      const std::string_view word = words[i];
      const std::optional<int64_t> number = ParseInt(word);
      if (number && *number >= INT32_MIN && *number <= INT32_MAX) {
        config_.node_count = *number;
      } else if (word[0] == '>') {
        std::string_view file = word.substr(1);
        if (file.empty()) {
          if (++i == words.size()) return Status::Error("unexpected end of line after >");
          file = words[i];
        }
        config_.output = file;
      } else if (word == "-cum" || word == "--cum") {
        config_.sort = "cum";
      } else if (word[0] == '-') {
        AddAlternative(&ignore_, word.substr(1));
      } else {
        AddAlternative(&focus_, word);
      }
    }
    return Status::Ok();
  }

  // Puts the expressions where the command looks for them.
  void SetFilters(bool tags) {
    if (!focus_.empty()) (tags ? config_.tag_focus : config_.focus) = focus_;
    if (!ignore_.empty()) (tags ? config_.tag_ignore : config_.ignore) = ignore_;
  }

 private:
  driver::Config& config_;
  std::string focus_;
  std::string ignore_;
};

}  // namespace

Result<ParsedCommand> ParseCommand(std::string_view line, const driver::Config& config) {
  Words words = Fields(line);
  ParsedCommand parsed{.request = {}, .config = config};
  const driver::Command* command = driver::FindCommand(words.front());
  if (command == nullptr) {
    SplitAbbreviation(&words);
    command = driver::FindCommand(words.front());
  }
  if (command == nullptr) return UnknownCommand(words);
  parsed.request.command = command;
  size_t arguments = 1;
  if (command->takes_regexp) {
    if (words.size() < 2) {
      return Status::Error("command " + std::string(command->name) + " requires an argument");
    }
    parsed.request.regexp = words[1];
    arguments = 2;
  }
  ArgumentParser parser(&parsed.config);
  Status status = parser.Run(std::span<const std::string_view>(words).subspan(arguments));
  if (!status.ok()) return status;
  parser.SetFilters(command->name == "tags");
  if (parsed.config.node_count == -1 && command->layout == report::Layout::kText) {
    parsed.config.node_count = kTopNodeCount;
  }
  return parsed;
}

}  // namespace cpprof::shell
