// SPDX-License-Identifier: Apache-2.0
#include "agent/service/control/verbs.h"

#include "agent/hot/controls.h"
#include "agent/service/log/log.h"
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
};

// Failed dumps are logged by the dumper, which knows the first from the rest.
void LogFailure(const Reply& reply) {
  if (!reply.status.ok()) Log(LogLevel::kWarn, reply.status.text());
}

}  // namespace

std::span<const Verb> VerbTable() { return kTable; }

Reply RunVerb(Controller& controller, std::string_view name,
              const std::vector<std::string>& arguments) {
  for (const Verb& verb : kTable) {
    if (verb.name == name) return verb.run(controller, arguments);
  }
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
