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

// Where the pipe of a line starts, if it has one.
size_t FindPipe(std::string_view line) {
  const size_t command = std::min(line.find_first_not_of(" \t"), line.size());
  for (size_t at = line.find('|', command + 1); at != std::string_view::npos;
       at = line.find('|', at + 1)) {
    const bool in_first_word = line.find_first_of(" \t", command) > at;
    if (in_first_word || line[at - 1] == ' ' || line[at - 1] == '\t') return at;
  }
  return std::string_view::npos;
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
  ArgumentParser(driver::Config* config, driver::Destination* destination)
      : config_(*config), destination_(*destination) {}

  Status Run(std::span<const std::string_view> words) {
    for (size_t i = 0; i < words.size(); ++i) {
      const std::string_view word = words[i];
      const std::optional<int64_t> number = ParseInt(word);
      if (number && *number >= INT32_MIN && *number <= INT32_MAX) {
        config_.node_count = *number;
      } else if (word[0] == '>') {
        const std::string_view sign = word.substr(0, word.starts_with(">>") ? 2 : 1);
        std::string_view file = word.substr(sign.size());
        if (file.empty()) {
          if (++i == words.size()) {
            return Status::Error("unexpected end of line after " + std::string(sign));
          }
          file = words[i];
        }
        config_.output = file;
        destination_.append = sign == ">>";
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
  driver::Destination& destination_;
  std::string focus_;
  std::string ignore_;
};

}  // namespace

Result<ParsedCommand> ParseCommand(std::string_view line, const driver::Config& config) {
  const size_t pipe = FindPipe(line);
  Words words = Fields(line.substr(0, pipe));
  ParsedCommand parsed{.request = {}, .config = config, .destination = {}};
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
  ArgumentParser parser(&parsed.config, &parsed.destination);
  Status status = parser.Run(std::span<const std::string_view>(words).subspan(arguments));
  if (!status.ok()) return status;
  parser.SetFilters(command->name == "tags");
  if (pipe != std::string_view::npos) {
    // `output`, if set, is for lines that say nothing else.
    if (parsed.config.output != config.output) {
      return Status::Error("a report goes to a file or through a command, not both");
    }
    parsed.destination.pipe = TrimSpace(line.substr(pipe + 1));
    if (parsed.destination.pipe.empty()) return Status::Error("unexpected end of line after |");
  } else {
    parsed.destination.file = parsed.config.output;
  }
  if (parsed.config.node_count == -1 && command->layout == report::Layout::kText) {
    parsed.config.node_count = kTopNodeCount;
  }
  return parsed;
}

}  // namespace cpprof::shell
