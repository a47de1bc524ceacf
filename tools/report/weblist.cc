// SPDX-License-Identifier: Apache-2.0
//
// weblist: a page with the source of functions; a click on a line unfolds its machine code. One
// file, nothing to load: it can be mailed.
#include "tools/base/strings.h"
#include "tools/measurement/measurement.h"
#include "tools/report/formats.h"
#include "tools/report/header.h"
#include "tools/report/source_listing.h"

namespace cpprof::report {
namespace {

constexpr std::string_view kStyleAndScript = R"(  <style type="text/css">
body { font-family: sans-serif; }
pre { font-family: monospace; }
.legend { font-size: 1.25em; }
.line, .nop, .unimportant { color: #999; }
.inlinesrc { color: #006; }
.livesrc { cursor: pointer; }
.livesrc:hover { background-color: #eee; }
.asm { color: #070; display: none; }
.asm.open { display: block; }
</style>
  <script type="text/javascript">
function pprof_toggle_asm(event) {
  const line = event.target.closest(".livesrc");
  const code = line && line.nextElementSibling;
  if (code && code.classList.contains("asm")) code.classList.toggle("open");
}
</script>
)";

// For text between tags and in attributes.
std::string Escape(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&#34;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      case '+':
        escaped += "&#43;";
        break;
      case '\0':
        escaped += "\uFFFD";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string_view ClassOf(ListedLine::Kind kind) {
  switch (kind) {
    case ListedLine::Kind::kEmpty:
      return "nop";
    case ListedLine::Kind::kSourceOnly:
      return "deadsrc";
    case ListedLine::Kind::kWithCode:
      break;
  }
  return "livesrc";
}

std::string Columns(const Report& report, int64_t flat, int64_t cum) {
  return PadLeft(report.ValueOrDot(flat), 10) + " " + PadLeft(report.ValueOrDot(cum), 10);
}

void WriteInstruction(const Report& report, const ListedInstruction& instruction,
                      std::string* out) {
  if (instruction.new_block) *out += std::string(37, ' ') + "⋮\n";
  for (const ListedCall& call : instruction.calls) {
    *out += std::string(42, ' ') + "<span class=inlinesrc>" + Escape(call.source) +
            "</span> <span class=unimportant>" + Escape(call.file) + ":" +
            std::to_string(call.line) + "</span>\n";
  }
  if (instruction.synthetic) return;
  *out += std::string(10, ' ') + Columns(report, instruction.flat, instruction.cum) +
          StrFormat(" %8llx: ", static_cast<unsigned long long>(instruction.address)) +
          Escape(instruction.text) + " <span class=unimportant>" + Escape(instruction.place) +
          "</span>\n";
}

void WriteLine(const Report& report, const ListedLine& line, std::string* out) {
  AppendFormat(out,
               "<span class=line> %6lld</span> <span class=", static_cast<long long>(line.number));
  *out += std::string(ClassOf(line.kind)) + ">  " + Columns(report, line.flat, line.cum) +
          std::string(11, ' ') + Escape(line.source) + " </span>";
  if (line.kind == ListedLine::Kind::kWithCode) {
    *out += "<span class=asm>";
    for (const ListedInstruction& instruction : line.instructions) {
      WriteInstruction(report, instruction, out);
    }
    *out += "</span>";
  }
  *out += "\n";
}

void WriteFunction(const Report& report, const std::string& file, const ListedFunction& function,
                   std::string* out) {
  *out += "<h2>" + Escape(function.name) + "</h2><p class=\"filename\">" + Escape(file) +
          "</p>\n<pre onClick=\"pprof_toggle_asm(event)\">\n  Total:  " +
          PadLeft(report.FormatValue(function.flat), 10) + " " +
          PadLeft(report.FormatValue(function.cum), 10) + " (flat, cum) " +
          measurement::Percentage(function.cum, report.total()) + "\n";
  for (const ListedLine& line : function.lines) WriteLine(report, line, out);
  *out += "</pre>\n";
}

}  // namespace

Status WriteWebList(Report* report, std::string* out) {
  const Result<std::vector<ListedFile>> files = ListSources(report);
  if (!files.ok()) return files.status();
  const Options& options = report->options();
  std::vector<std::string> header = ProfileHeader(*report);
  for (std::string& line : header) line = Escape(line);
  *out += "<!DOCTYPE html>\n<html>\n<head>\n  <meta charset=\"utf-8\">\n  <title>" +
          Escape((options.title.empty() ? "unknown" : options.title) + " " + options.sample_type) +
          "</title>\n";
  *out += kStyleAndScript;
  *out += "</head>\n<body>\n\n<div class=\"legend\">" + Join(header, "<br>\n") +
          "<br>Total: " + Escape(report->FormatValue(report->total())) + "</div>";
  for (const ListedFile& file : *files) {
    for (const ListedFunction& function : file.functions) {
      WriteFunction(*report, file.name, function, out);
    }
  }
  *out += "\n</body>\n</html>\n";
  return Status::Ok();
}

}  // namespace cpprof::report
