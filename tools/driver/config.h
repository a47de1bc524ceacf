// SPDX-License-Identifier: Apache-2.0
//
// What shapes a report, and the one table of it. A row of the table declares an option: its name,
// the member of Config it sets, its URL parameter, whether a saved configuration keeps it, its
// choices, its help. Flags, shell assignments, `options`, help texts and (later) URLs all read this
// table.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tools/base/status.h"

namespace cpprof::driver {

struct Config {
  std::string output;

  bool call_tree = false;
  bool relative_percentages = false;
  std::string unit = "minimum";
  bool compact_labels = false;
  std::string source_path;
  std::string trim_path;
  bool intel_syntax = false;
  bool mean = false;
  std::string sample_index;
  double divide_by = 1;
  bool normalize = false;
  std::string sort = "flat";

  std::string tag_root;
  std::string tag_leaf;

  bool drop_negative = false;
  int64_t node_count = -1;  // -1: the format's own default
  double node_fraction = 0.005;
  double edge_fraction = 0.001;
  bool trim = true;

  std::string focus;
  std::string ignore;
  std::string prune_from;
  std::string hide;
  std::string show;
  std::string show_from;
  std::string tag_focus;
  std::string tag_ignore;
  std::string tag_show;
  std::string tag_hide;

  bool no_inlines = false;
  bool show_columns = false;
  std::string granularity;  // empty: the format's own default, mostly functions

  // How top, text, tree, peek and tags are written: plain, json or csv.
  std::string encoding = "plain";

  // Not an option of reports but the flag -tools: where to find the programs they need.
  std::string tools;
};

// A value one option may be set to; each is also a flag of its own.
struct Choice {
  std::string_view name;
  std::string_view help;
};

struct Option {
  using Member =
      std::variant<bool Config::*, int64_t Config::*, double Config::*, std::string Config::*>;

  std::string_view name;
  Member member;
  std::string_view url;  // empty: not in URLs
  bool saved;
  std::span<const Choice> choices;
  std::string_view help;     // one line
  std::string_view details;  // more lines, or nothing
  // Not known to the reference: the shell's list of options, which scripts compare, has it only
  // when it is set.
  bool is_ours = false;
};

// In the order of declaration.
std::span<const Option> Options();
const Option* FindOption(std::string_view name);
// The option that has a choice of this name.
const Option* FindOptionWithChoice(std::string_view choice);

// The value as the shell shows it.
std::string GetOption(const Config& config, const Option& option);
// Sets it from text, as typed in the shell.
Status SetOption(Config* config, const Option& option, std::string_view text);

// true/t/yes/y/1 or nothing, false/f/no/n/0, in any case.
Result<bool> ParseBoolean(std::string_view text);

}  // namespace cpprof::driver
