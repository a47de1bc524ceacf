// SPDX-License-Identifier: Apache-2.0
#include "agent/service/control/verbs.h"

#include "agent/hot/controls.h"
#include "agent/service/control/status_lines.h"
#include "agent/service/log/log.h"
#include "agent/service/options/option_table.h"
#include "agent/service/options/parse_value.h"

namespace pprofagent::service {
namespace {

constexpr int kMaxSeconds = 7 * 24 * 3600;

Reply Bad(std::string text) { return {Status::Error(std::move(text)), {}}; }

Reply RunDump(Controller& controller, const std::vector<std::string>& arguments) {
  if (arguments.empty()) return controller.Dump(controller.signal_kinds());
  Kinds kinds;
  if (Status status = ParseKinds(arguments, &kinds); !status.ok()) return {status, {}};
  return controller.Dump(kinds);
}

Reply RunCpuStart(Controller& controller, const std::vector<std::string>& arguments) {
  if (arguments.empty()) return controller.StartCpu(0);
  const std::optional<int64_t> seconds = ParseInteger(arguments.front(), kMaxSeconds);
  if (arguments.size() > 1 || !seconds) {
    return Bad("cpu-start takes a number of seconds, at most " + std::to_string(kMaxSeconds));
  }
  return controller.StartCpu(static_cast<int>(*seconds));
}

Reply RunCpuStop(Controller& controller, const std::vector<std::string>& arguments) {
  if (!arguments.empty()) return Bad("cpu-stop takes no arguments");
  return controller.StopCpu();
}

Reply RunCpuToggle(Controller& controller, const std::vector<std::string>& arguments) {
  return controller.IsCpuRequested() ? controller.StopCpu() : RunCpuStart(controller, arguments);
}

Reply RunWall(Controller& controller, const std::vector<std::string>& arguments) {
  const size_t count = arguments.size();
  const int64_t seconds = count > 0 ? ParseInteger(arguments[0], kMaxSeconds).value_or(0) : 0;
  const int64_t rate =
      count > 1 ? ParseInteger(arguments[1], kMaxWallRate).value_or(0) : kDefaultWallRate;
  if (count > 2 || seconds < 1 || rate < 1) {
    return Bad("wall takes a number of seconds, at most " + std::to_string(kMaxSeconds) +
               ", and perhaps how many samples a second, at most " + std::to_string(kMaxWallRate));
  }
  return controller.StartWall(static_cast<int>(seconds), static_cast<int>(rate));
}

Reply RunSet(Controller& controller, const std::vector<std::string>& arguments) {
  if (arguments.empty()) return Bad("set takes NAME=VALUE, for example HEAP_RATE=64k");
  Reply reply;
  for (const std::string& argument : arguments) {
    const size_t equals = argument.find('=');
    if (equals == std::string::npos) return Bad("\"" + argument + "\" is not NAME=VALUE");
    const std::string_view text = argument;
    Reply one = controller.SetOption(text.substr(0, equals), text.substr(equals + 1));
    if (!one.status.ok()) return one;
    reply.lines.insert(reply.lines.end(), one.lines.begin(), one.lines.end());
  }
  return reply;
}

Reply RunReset(Controller& controller, const std::vector<std::string>& arguments) {
  if (!arguments.empty()) return Bad("reset takes no arguments");
  return controller.Reset();
}

Reply RunOptions(Controller& controller, const std::vector<std::string>&) {
  Reply reply;
  for (const OptionSpec& spec : OptionTable()) {
    reply.lines.push_back(std::string(kOptionPrefix) + std::string(spec.name) + "=" +
                          std::string(OptionText(spec, controller.options())));
  }
  return reply;
}

Reply RunProfiles(Controller&, const std::vector<std::string>&) {
  Reply reply;
  for (const KindSpec& kind : KindTable()) {
    reply.lines.push_back(std::string(kind.name) + ": " + std::string(kind.description));
  }
  return reply;
}

Reply RunStatus(Controller& controller, const std::vector<std::string>&) {
  return {Status(), StatusLines(controller)};
}

constexpr Verb kTable[] = {
    {"dump", "[KIND...]",
     "write profiles into the dump directory; those of SIGNAL_PROFILES if none "
     "is named",
     RunDump},
    {"cpu-start", "[SECONDS]", "start a CPU profile, which dumps itself after so many seconds",
     RunCpuStart},
    {"cpu-stop", "", "end the CPU profile and dump it", RunCpuStop},
    {"cpu-toggle", "[SECONDS]", "cpu-stop if a CPU profile runs on request, cpu-start otherwise",
     RunCpuToggle},
    {"wall", "SECONDS [HZ]",
     "sample all threads for so many seconds, whether they run or wait, and dump it", RunWall},
    {"set", "NAME=VALUE...", "set options that can change while the program runs", RunSet},
    {"reset", "", "let everything that adds up over time count from now", RunReset},
    {"status", "", "how long the agent runs, what it has recorded, lost, and takes of memory",
     RunStatus, false},
    {"options", "", "all options with their values", RunOptions, false},
    {"profiles", "", "the kinds of profiles there are", RunProfiles, false},
};

// Failed dumps are logged by the dumper, which knows the first from the rest.
void LogFailure(const Reply& reply) {
  if (!reply.status.ok()) Log(LogLevel::kWarn, reply.status.text());
}

}  // namespace

std::span<const Verb> VerbTable() { return kTable; }

const Verb* FindVerb(std::string_view name) {
  for (const Verb& verb : kTable) {
    if (verb.name == name) return &verb;
  }
  return nullptr;
}

Reply RunVerb(Controller& controller, std::string_view name,
              const std::vector<std::string>& arguments) {
  if (const Verb* verb = FindVerb(name)) return verb->run(controller, arguments);
  return Bad("there is no verb \"" + std::string(name) + "\"");
}

void RunRequests(Controller& controller, uint32_t requests, int value) {
  if ((requests & hot::kRequestDump) != 0) RunVerb(controller, "dump", {});
  if ((requests & hot::kRequestToggleCpu) != 0) {
    const bool is_start = !controller.IsCpuRequested();
    std::vector<std::string> arguments;
    if (value > 0) arguments.push_back(std::to_string(value));
    const Reply reply = RunVerb(controller, "cpu-toggle", arguments);
    if (is_start) LogFailure(reply);
  }
}

}  // namespace pprofagent::service
