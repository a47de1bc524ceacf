// SPDX-License-Identifier: Apache-2.0
//
// See commands.h.
#include "tools/driver/commands.h"

#include <algorithm>
#include <iterator>

#include "tools/report/formats.h"

namespace cpprof::driver {
namespace {

using report::Layout;

constexpr bool kTakesRegexp = true;

#define GRAPH_USAGE(name)                                 \
  name " [n] [focus_regexp]* [-ignore_regexp]* [>file]\n" \
       "Shows at most n nodes, of samples that match focus_regexp and do not match ignore_regexp."
#define SORTED_USAGE(name) \
  GRAPH_USAGE(name " [-cum]") "\n-cum sorts by what a node and all it called cost."
#define VIEWER_USAGE(name)                        \
  name " [n] [focus_regexp]* [-ignore_regexp]*\n" \
       "Draws at most n nodes and opens the drawing in " name "."
#define LIST_USAGE(name)                                          \
  name " func_regexp [focus_regexp]* [-ignore_regexp]* [>file]\n" \
       "Shows the functions whose name matches func_regexp."

constexpr Command kCommands[] = {
    {"callgrind", Layout::kCallgrind, report::WriteCallgrind, false, "callgraph.out", "", "",
     "The graph in callgrind's format", GRAPH_USAGE("callgrind")},
    {"comments", Layout::kComments, report::WriteComments, false, "", "", "",
     "The profile's comments", ""},
    {"disasm", Layout::kDisassembly, report::WriteDisasm, kTakesRegexp, "", "", "",
     "Machine code of functions that match, with values", LIST_USAGE("disasm")},
    {"dot", Layout::kDot, report::WriteDot, false, "", "", "", "The graph in Graphviz's language",
     GRAPH_USAGE("dot")},
    {"eog", Layout::kDot, report::WriteDot, false, "svg", "svg", "eog",
     "Draw the graph and show it with eog", VIEWER_USAGE("eog")},
    {"evince", Layout::kDot, report::WriteDot, false, "pdf", "pdf", "evince",
     "Draw the graph and show it with evince", VIEWER_USAGE("evince")},
    {"folded", Layout::kFolded, report::WriteFolded, false, "", "", "",
     "Folded stacks, for flame graph tools",
     "folded [focus_regexp]* [-ignore_regexp]* [>file]\n"
     "Writes each stack once, root first, with the sum of its samples."},
    {"gif", Layout::kDot, report::WriteDot, false, "gif", "gif", "", "Draw the graph as GIF",
     GRAPH_USAGE("gif")},
    {"gv", Layout::kDot, report::WriteDot, false, "ps", "ps", "gv --noantialias",
     "Draw the graph and show it with gv", VIEWER_USAGE("gv")},
    {"kcachegrind", Layout::kCallgrind, report::WriteCallgrind, false, "grind", "", "kcachegrind",
     "Show the graph with KCachegrind", VIEWER_USAGE("kcachegrind")},
    {"list", Layout::kList, report::WriteList, kTakesRegexp, "", "", "",
     "Source of functions that match, with values", LIST_USAGE("list")},
    {"pdf", Layout::kDot, report::WriteDot, false, "pdf", "pdf", "", "Draw the graph as PDF",
     GRAPH_USAGE("pdf")},
    {"peek", Layout::kTree, report::WriteTree, kTakesRegexp, "", "", "",
     "Callers and callees of functions that match",
     "peek func_regexp [>file]\nShows what calls and what is called by matching functions."},
    {"png", Layout::kDot, report::WriteDot, false, "png", "png", "", "Draw the graph as PNG",
     GRAPH_USAGE("png")},
    {"proto", Layout::kProto, report::WriteProto, false, "pb.gz", "", "",
     "The profile as a compressed profile.proto", ""},
    {"ps", Layout::kDot, report::WriteDot, false, "ps", "ps", "", "Draw the graph as PostScript",
     GRAPH_USAGE("ps")},
    {"raw", Layout::kRaw, report::WriteRaw, false, "", "", "", "The profile as text, unprocessed",
     ""},
    {"svg", Layout::kDot, report::WriteDot, false, "svg", "svg", "", "Draw the graph as SVG",
     GRAPH_USAGE("svg")},
    {"tags", Layout::kTags, report::WriteTags, false, "", "", "", "All labels with their values",
     "tags [tag_regexp]* [-ignore_regexp]* [>file]\n"
     "Counts samples whose labels match tag_regexp and do not match ignore_regexp."},
    {"text", Layout::kText, report::WriteText, false, "", "", "",
     "The most expensive nodes as text", SORTED_USAGE("text")},
    {"top", Layout::kText, report::WriteText, false, "", "", "", "The most expensive nodes as text",
     SORTED_USAGE("top")},
    {"topproto", Layout::kTopProto, report::WriteTopProto, false, "pb.gz", "", "",
     "The most expensive nodes as a compressed profile.proto", ""},
    {"traces", Layout::kTraces, report::WriteTraces, false, "", "", "", "All samples as text", ""},
    {"tree", Layout::kTree, report::WriteTree, false, "", "", "", "The call graph as text",
     SORTED_USAGE("tree")},
    {"web", Layout::kDot, report::WriteDot, false, "svg", "svg", "browser",
     "Draw the graph and show it in a browser", VIEWER_USAGE("web")},
    {"weblist", Layout::kWebList, report::WriteWebList, kTakesRegexp, "html", "", "browser",
     "Source and machine code of functions that match, in a browser", LIST_USAGE("weblist")},
};

}  // namespace

std::span<const Command> Commands() { return kCommands; }

const Command* FindCommand(std::string_view name) {
  const auto found = std::find_if(std::begin(kCommands), std::end(kCommands),
                                  [&](const Command& command) { return command.name == name; });
  return found == std::end(kCommands) ? nullptr : found;
}

Status CheckEncoding(const Command& command, std::string_view encoding) {
  if (encoding == "plain" || HasData(command)) return Status::Ok();
  return Status::Error(std::string(encoding) +
                       " is a form of top, text, tree, peek and tags, not of " +
                       std::string(command.name));
}

bool HasData(const Command& command) {
  return command.layout == Layout::kText || command.layout == Layout::kTree ||
         command.layout == Layout::kTags;
}

}  // namespace cpprof::driver
