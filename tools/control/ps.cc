// SPDX-License-Identifier: Apache-2.0
//
// See ps.h.
#include "tools/control/ps.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "tools/base/strings.h"
#include "tools/control/agents.h"
#include "tools/control/line_client.h"

namespace cpprof::control {
namespace {

// A process that is stopped holds up the table for so long.
constexpr std::chrono::seconds kPatience{2};

constexpr std::string_view kHelp =
    R"(usage: cpprof ps [-q]

  Lists the processes under the agent that can be seen: what they record (mean bytes between heap
  samples; one of so many contended unlocks; waits of at least so long; CPU samples a second, with
  a * while a profile runs) and their control socket.

  -q        only their process ids
)";

// 524288 -> "512k", where that loses nothing.
std::string Size(std::string_view text) {
  const auto bytes = ParseUint(text, 10);
  if (!bytes) return std::string(text);
  if (*bytes == 0) return "off";
  constexpr uint64_t kKibi = 1024;
  static constexpr const char* kUnits[] = {"", "k", "M", "G"};
  uint64_t value = *bytes;
  size_t unit = 0;
  for (; value % kKibi == 0 && unit + 1 < std::size(kUnits); ++unit) value /= kKibi;
  return std::to_string(value) + kUnits[unit];
}

std::string Duration(std::string_view text) {
  const auto nanoseconds = ParseUint(text, 10);
  if (!nanoseconds) return std::string(text);
  if (*nanoseconds == 0) return "off";
  static constexpr const char* kUnits[] = {"ns", "us", "ms", "s"};
  uint64_t value = *nanoseconds;
  size_t unit = 0;
  for (; value % 1000 == 0 && unit + 1 < std::size(kUnits); ++unit) value /= 1000;
  return std::to_string(value) + kUnits[unit];
}

// "93784.567 s" -> "26h03m".
std::string Uptime(std::string_view text) {
  const auto seconds = ParseDouble(text.substr(0, text.find(' ')));
  if (!seconds || !(*seconds >= 0) || *seconds > 1e12) return std::string(text);
  const auto whole = static_cast<uint64_t>(std::floor(*seconds));
  if (whole < 60) return StrFormat("%llus", static_cast<unsigned long long>(whole));
  const unsigned long long minutes = whole / 60;
  if (minutes < 60)
    return StrFormat("%llum%02llus", minutes, static_cast<unsigned long long>(whole % 60));
  return StrFormat("%lluh%02llum", minutes / 60, minutes % 60);
}

std::string ValueOf(const std::vector<std::string>& status, std::string_view name) {
  const std::string start = std::string(name) + ": ";
  for (const std::string& line : status) {
    if (line.starts_with(start)) return line.substr(start.size());
  }
  return "-";
}

using Cells = std::array<std::string, 8>;

Cells CellsOf(const PsRow& row) {
  return {row.pid, row.name, row.uptime, row.heap, row.mutex, row.block, row.cpu, row.socket};
}

PsRow Row(const fetch::Agent& agent) {
  PsRow row = RowOf({});
  std::string problem = agent.problem.empty() ? "no socket" : agent.problem;
  if (!agent.socket.empty()) {
    const auto status = AskAgent(agent.socket, "status", kPatience);
    problem = status.ok() ? agent.socket : status.message();
    if (status.ok()) row = RowOf(*status);
  }
  row.pid = std::to_string(agent.pid);
  row.name = agent.name;
  row.socket = problem;
  return row;
}

}  // namespace

PsRow RowOf(const std::vector<std::string>& status) {
  const std::string profile = ValueOf(status, "cpu profile");
  const bool is_running = profile != "-" && profile != "not running";
  const std::string fraction = ValueOf(status, "mutex fraction");
  return {.pid = ValueOf(status, "pid"),
          .name = "",
          .uptime = Uptime(ValueOf(status, "uptime")),
          .heap = Size(ValueOf(status, "heap rate")),
          .mutex = fraction == "0" ? "off" : fraction,
          .block = Duration(ValueOf(status, "block rate")),
          .cpu = ValueOf(status, "cpu rate") + (is_running ? "*" : ""),
          .socket = ""};
}

std::string FormatPs(const std::vector<PsRow>& rows) {
  std::vector<Cells> table = {{"PID", "NAME", "UPTIME", "HEAP", "MUTEX", "BLOCK", "CPU", "SOCKET"}};
  for (const PsRow& row : rows) table.push_back(CellsOf(row));
  std::array<size_t, std::tuple_size_v<Cells>> widths = {};
  for (const Cells& cells : table) {
    for (size_t i = 0; i < cells.size(); ++i) widths[i] = std::max(widths[i], RuneCount(cells[i]));
  }
  std::string text;
  for (const Cells& cells : table) {
    text += PadLeft(cells[0], widths[0]) + "  " + PadRight(cells[1], widths[1]);
    for (size_t i = 2; i + 1 < cells.size(); ++i) text += "  " + PadLeft(cells[i], widths[i]);
    text += "  " + cells.back() + "\n";
  }
  return text;
}

Result<std::string> Ps(const std::vector<std::string>& arguments, Notices* notices) {
  const bool is_quiet = arguments.size() == 1 && arguments.front() == "-q";
  if (!arguments.empty() && !is_quiet) {
    const std::string& first = arguments.front();
    if (first == "-h" || first == "-help" || first == "--help") return std::string(kHelp);
    return Status::Error("ps: no argument " + first + "; see cpprof ps -h");
  }
  const Agents agents = FindAgents();
  if (is_quiet) {
    std::string pids;
    for (const fetch::Agent& agent : agents.found) pids += std::to_string(agent.pid) + "\n";
    return pids;
  }
  if (agents.hidden != 0) {
    notices->Print(std::to_string(agents.hidden) +
                   " processes may not be looked into, as they are other users'");
  }
  if (agents.found.empty()) {
    notices->Print("no process runs under the agent, as far as can be seen");
    return std::string();
  }
  std::vector<PsRow> rows;
  rows.reserve(agents.found.size());
  for (const fetch::Agent& agent : agents.found) rows.push_back(Row(agent));
  return FormatPs(rows);
}

}  // namespace cpprof::control
