// SPDX-License-Identifier: Apache-2.0
//
// See config.h.
#include "tools/driver/config.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "tools/base/strings.h"

namespace cpprof::driver {
namespace {

constexpr Choice kSorts[] = {
    {"cum", "Sort by what a node and all it called cost"},
    {"flat", "Sort by what a node itself cost"},
};

constexpr Choice kGranularities[] = {
    {"functions", "One node a function"},
    {"filefunctions", "One node a function and file"},
    {"files", "One node a source file"},
    {"lines", "One node a source line"},
    {"addresses", "One node an instruction address"},
};

constexpr Choice kEncodings[] = {
    {"plain", "As people read it"},
    {"json", "As JSON, with all there is to know"},
    {"csv", "As a table of comma-separated values"},
};

constexpr bool kSaved = true;
constexpr bool kNotSaved = false;

const Option kOptions[] = {
    {"output", &Config::output, "", kNotSaved, {}, "Write the report to this file", ""},
    {"drop_negative",
     &Config::drop_negative,
     "dropneg",
     kSaved,
     {},
     "Leave out what became less",
     "Nodes with a negative value are not shown; useful with -base and -diff_base."},
    {"call_tree",
     &Config::call_tree,
     "calltree",
     kSaved,
     {},
     "Show a tree of calling contexts instead of a graph",
     "A function reached over two paths becomes two nodes. For drawings and callgrind."},
    {"relative_percentages",
     &Config::relative_percentages,
     "rel",
     kSaved,
     {},
     "Percentages of what the filters leave",
     "Otherwise they refer to the whole profile, so that filtered reports can be compared."},
    {"unit",
     &Config::unit,
     "unit",
     kSaved,
     {},
     "Unit to show values in",
     "For times: ns, us, ms, s, hrs; for memory: B, kB, MB, GB, TB, PB.\n"
     "minimum: one unit for the whole report; auto: the best one for each value."},
    {"compact_labels",
     &Config::compact_labels,
     "compact",
     kSaved,
     {},
     "Leave the description of the profile out of the header",
     ""},
    {"source_path",
     &Config::source_path,
     "",
     kNotSaved,
     {},
     "Directories with source files, separated by colons",
     "Each directory and its parents are searched. Default: the current directory."},
    {"trim_path",
     &Config::trim_path,
     "",
     kNotSaved,
     {},
     "Prefixes to remove from source file names, separated by colons",
     ""},
    {"intel_syntax",
     &Config::intel_syntax,
     "intel",
     kSaved,
     {},
     "Intel syntax in disassembly",
     "For disasm and weblist."},
    {"nodecount",
     &Config::node_count,
     "n",
     kSaved,
     {},
     "Show at most so many nodes",
     "-1: as many as suit the format; 0: all. In drawings, dotted edges go over nodes left out."},
    {"nodefraction",
     &Config::node_fraction,
     "nf",
     kSaved,
     {},
     "Leave out nodes below this fraction of the total",
     ""},
    {"edgefraction",
     &Config::edge_fraction,
     "ef",
     kSaved,
     {},
     "Leave out edges below this fraction of the total",
     ""},
    {"trim",
     &Config::trim,
     "trim",
     kSaved,
     {},
     "Apply nodecount, nodefraction and edgefraction",
     "false shows everything."},
    {"focus",
     &Config::focus,
     "f",
     kSaved,
     {},
     "Only samples with a frame that matches",
     "A regular expression, tried on function names, source files and binaries."},
    {"ignore",
     &Config::ignore,
     "i",
     kSaved,
     {},
     "No samples with a frame that matches",
     "A regular expression, tried on function names, source files and binaries."},
    {"prune_from",
     &Config::prune_from,
     "prunefrom",
     kSaved,
     {},
     "Cut what a matching function called",
     "The samples stay; frames below the match nearest the leaf go."},
    {"hide",
     &Config::hide,
     "h",
     kSaved,
     {},
     "Remove matching frames from stacks",
     "The samples stay, and their callers and callees become neighbours."},
    {"show",
     &Config::show,
     "s",
     kSaved,
     {},
     "Remove all but matching frames from stacks",
     "Samples without any matching frame go."},
    {"show_from",
     &Config::show_from,
     "sf",
     kSaved,
     {},
     "Cut what called a matching function",
     "Frames above the match nearest the root go, and samples without a match."},
    {"tagroot",
     &Config::tag_root,
     "",
     kSaved,
     {},
     "Labels to add to stacks as callers of the root",
     "A list of label keys separated by commas; the first becomes the outermost frame."},
    {"tagleaf",
     &Config::tag_leaf,
     "",
     kSaved,
     {},
     "Labels to add to stacks as callees of the leaf",
     "A list of label keys separated by commas; the last becomes the innermost frame."},
    {"tagfocus",
     &Config::tag_focus,
     "tf",
     kSaved,
     {},
     "Only samples with labels in a range or that match",
     "[key=]range, as in 32kb, 1mb:2mb, :64kb, 4mb:, or\n"
     "[key=]regexp,regexp: all must match a key:value, with a key any must match its value."},
    {"tagignore",
     &Config::tag_ignore,
     "ti",
     kSaved,
     {},
     "No samples with labels in a range or that match",
     "Ranges and expressions as for tagfocus."},
    {"tagshow",
     &Config::tag_show,
     "ts",
     kSaved,
     {},
     "Only labels whose key matches",
     "Samples stay; their other labels are not shown."},
    {"taghide",
     &Config::tag_hide,
     "th",
     kSaved,
     {},
     "No labels whose key matches",
     "Samples stay; their labels that match are not shown."},
    {"divide_by", &Config::divide_by, "", kNotSaved, {}, "Divide all values by this number", ""},
    {"mean",
     &Config::mean,
     "mean",
     kSaved,
     {},
     "Show the mean: each value divided by the sample's first value",
     "For a contention profile, the delay for each contention."},
    {"sample_index",
     &Config::sample_index,
     "si",
     kNotSaved,
     {},
     "Which value of the samples to show",
     "Its number, counted from 0, or its name. Default: what the profile says, or the last."},
    {"normalize",
     &Config::normalize,
     "norm",
     kSaved,
     {},
     "Scale the profile to the total of its base",
     ""},
    {"sort", &Config::sort, "sort", kSaved, kSorts, "Order of the nodes", ""},
    {"granularity", &Config::granularity, "g", kSaved, kGranularities, "What makes one node", ""},
    {"encoding", &Config::encoding, "", kNotSaved, kEncodings,
     "Form of top, text, tree, peek and tags",
     "In json and csv values are whole numbers in the unit of the samples. -json and -csv without\n"
     "a format mean top.",
     /*is_ours=*/true},
    {"noinlines",
     &Config::no_inlines,
     "noinlines",
     kSaved,
     {},
     "Count inlined functions as part of their callers",
     ""},
    {"showcolumns",
     &Config::show_columns,
     "showcolumns",
     kSaved,
     {},
     "Tell columns of a source line apart",
     ""},
};

// As Go writes a float64: the shortest text that reads back equal.
std::string ShowDouble(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Inf" : "+Inf";
  const double size = std::fabs(value);
  const bool scientific = size != 0 && (size < 1e-4 || size >= 1e21);
  char buffer[64];
  const auto [end, error] =
      std::to_chars(buffer, buffer + sizeof(buffer), value,
                    scientific ? std::chars_format::scientific : std::chars_format::fixed);
  return error == std::errc() ? std::string(buffer, end) : "";
}

Status NumberError(const char* function, std::string_view text, bool out_of_range) {
  return Status::Error(std::string("strconv.") + function + ": parsing " + Quote(text) + ": " +
                       (out_of_range ? "value out of range" : "invalid syntax"));
}

bool IsInteger(std::string_view text) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

Status SetChoice(std::string* value, const Option& option, std::string_view text) {
  for (const Choice& choice : option.choices) {
    if (choice.name != text) continue;
    *value = text;
    return Status::Ok();
  }
  return Status::Error("invalid " + Quote(option.name) + " value " + Quote(text));
}

}  // namespace

std::span<const Option> Options() { return kOptions; }

const Option* FindOption(std::string_view name) {
  const auto found = std::find_if(std::begin(kOptions), std::end(kOptions),
                                  [&](const Option& option) { return option.name == name; });
  return found == std::end(kOptions) ? nullptr : found;
}

const Option* FindOptionWithChoice(std::string_view choice) {
  for (const Option& option : kOptions) {
    for (const Choice& candidate : option.choices) {
      if (candidate.name == choice) return &option;
    }
  }
  return nullptr;
}

std::string GetOption(const Config& config, const Option& option) {
  if (const auto* member = std::get_if<bool Config::*>(&option.member)) {
    return config.**member ? "true" : "false";
  }
  if (const auto* member = std::get_if<int64_t Config::*>(&option.member)) {
    return std::to_string(config.**member);
  }
  if (const auto* member = std::get_if<double Config::*>(&option.member)) {
    return ShowDouble(config.**member);
  }
  return config.*std::get<std::string Config::*>(option.member);
}

Status SetOption(Config* config, const Option& option, std::string_view text) {
  if (const auto* member = std::get_if<bool Config::*>(&option.member)) {
    const Result<bool> value = ParseBoolean(text);
    if (!value.ok()) return value.status();
    config->** member = *value;
  } else if (const auto* integer = std::get_if<int64_t Config::*>(&option.member)) {
    const std::optional<int64_t> value = ParseInt(text);
    if (!value) return NumberError("Atoi", text, IsInteger(text));
    config->** integer = *value;
  } else if (const auto* number = std::get_if<double Config::*>(&option.member)) {
    const std::optional<double> value = ParseDouble(text);
    if (!value) return NumberError("ParseFloat", text, false);
    config->** number = *value;
  } else {
    std::string& value = config->*std::get<std::string Config::*>(option.member);
    if (!option.choices.empty()) return SetChoice(&value, option, text);
    value = text;
  }
  return Status::Ok();
}

Result<bool> ParseBoolean(std::string_view text) {
  const std::string word = AsciiLower(text);
  for (const std::string_view yes : {"true", "t", "yes", "y", "1", ""}) {
    if (word == yes) return true;
  }
  for (const std::string_view no : {"false", "f", "no", "n", "0"}) {
    if (word == no) return false;
  }
  return Status::Error("illegal value \"" + std::string(text) + "\" for bool variable");
}

}  // namespace cpprof::driver
