// SPDX-License-Identifier: Apache-2.0
//
// cpprof, the analyzer. What it does is the order of calls in Run: read the command line, load what
// it names, and make one report or start the shell. A failure is one line on standard error and
// exit status 2, functions over a limit are a line each and exit status 3; standard output carries
// reports only.
#include <csignal>
#include <cstdio>
#include <exception>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "tools/base/notices.h"
#include "tools/base/status.h"
#include "tools/control/ctl.h"
#include "tools/control/ps.h"
#include "tools/driver/command_line.h"
#include "tools/driver/completion_script.h"
#include "tools/driver/generate.h"
#include "tools/driver/load.h"
#include "tools/driver/output.h"
#include "tools/driver/usage.h"
#include "tools/driver/viewer.h"
#include "tools/driver/words.h"
#include "tools/fetch/dump_directory.h"
#include "tools/shell/shell.h"

namespace cpprof {
namespace {

constexpr int kFailed = 2;
constexpr int kOverLimit = 3;

Status ListDumps(const driver::CommandLine& line) {
  const auto dumps = fetch::ListDumps(line.sources.front(), line.pid);
  if (!dumps.ok()) return dumps.status();
  return driver::WriteStandardOutput(fetch::FormatDumps(*dumps));
}

// A directory alone is a question about what is in it.
bool AsksForListing(const driver::CommandLine& line) {
  return line.request.command == nullptr && line.kind.empty() && line.sources.size() == 1 &&
         line.bases.empty() && line.limits.empty() && !line.http &&
         fetch::IsDirectory(line.sources.front());
}

Status WriteReport(const driver::CommandLine& line, profile::Profile profile, Notices* notices) {
  const Result<std::string> report =
      driver::GenerateReport(std::move(profile), line.request, line.config, notices);
  if (!report.ok()) return report.status();
  return driver::WriteOutput(*report, *line.request.command, {.file = line.config.output}, notices);
}

Status CheckLimits(const driver::CommandLine& line, profile::Profile profile, Notices* notices,
                   int* exit_status) {
  // What there is to say about options a report has said already.
  CollectedNotices said_before;
  const bool has_report = line.request.command != nullptr;
  const auto excesses =
      driver::FindExcesses(std::move(profile), line.limits, line.limited_functions, line.config,
                           has_report ? &said_before : notices);
  if (!excesses.ok()) return excesses.status();
  if (!excesses->any_function) notices->Print("-fail_over: there is no function to limit");
  for (const std::string& excess : excesses->lines) {
    notices->Print("cpprof: over the limit: " + excess);
  }
  if (!excesses->lines.empty()) *exit_status = kOverLimit;
  return Status::Ok();
}

Status Run(const std::vector<std::string>& arguments, Notices* notices, int* exit_status) {
  if (!arguments.empty() && arguments.front() == "help") {
    const std::string topic = arguments.size() > 1 ? driver::HelpOn(arguments[1]) : "";
    return driver::WriteStandardOutput(topic.empty() ? driver::CommandLineUsage() : topic);
  }
  if (!arguments.empty() && arguments.front() == "completion") {
    const Result<std::string> script =
        driver::CompletionScript(arguments.size() > 1 ? arguments[1] : "");
    return script.ok() ? driver::WriteStandardOutput(*script) : script.status();
  }
  if (!arguments.empty() && (arguments.front() == "ctl" || arguments.front() == "ps")) {
    const std::vector<std::string> rest(arguments.begin() + 1, arguments.end());
    const Result<std::string> text =
        arguments.front() == "ctl" ? control::Ctl(rest) : control::Ps(rest, notices);
    return text.ok() ? driver::WriteStandardOutput(*text) : text.status();
  }
  if (!arguments.empty() && driver::IsSubcommand(arguments.front())) {
    return Status::Error(arguments.front() + " is not available in this version");
  }
  const Result<driver::CommandLine> line = driver::ParseCommandLine(arguments, notices);
  if (!line.ok()) return line.status();
  if (line->help) {
    notices->Print(driver::CommandLineUsage());
    return Status::Ok();
  }
  if (line->http) return Status::Error("-http is not available in this version");
  if (AsksForListing(*line)) return ListDumps(*line);
  Result<profile::Profile> profile = driver::LoadProfile(*line, notices);
  if (!profile.ok()) return profile.status();
  const bool has_limits = !line->limits.empty();
  if (line->request.command != nullptr) {
    Status written = WriteReport(*line, has_limits ? *profile : std::move(*profile), notices);
    if (!written.ok() || !has_limits) return written;
  }
  if (has_limits) return CheckLimits(*line, std::move(*profile), notices, exit_status);
  return shell::Run(*profile, line->config, notices);
}

}  // namespace
}  // namespace cpprof

int main(int argc, char** argv) {
  cpprof::StderrNotices notices;
  cpprof::Status status;
  int exit_status = 0;
  // A closed pipe is an error of write(), told like any other.
  std::signal(SIGPIPE, SIG_IGN);
  try {
    status = cpprof::Run(std::vector<std::string>(argv + 1, argv + argc), &notices, &exit_status);
  } catch (const std::bad_alloc&) {
    status = cpprof::Status::Error("out of memory");
  } catch (const std::exception& error) {
    status = cpprof::Status::Error(std::string("internal error: ") + error.what());
  }
  cpprof::driver::RemoveShownFiles();
  if (status.ok()) return exit_status;
  notices.Print("cpprof: " + status.message());
  return cpprof::kFailed;
}
