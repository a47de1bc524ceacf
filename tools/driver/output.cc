// SPDX-License-Identifier: Apache-2.0
//
// See output.h.
#include "tools/driver/output.h"

#include <unistd.h>

#include <cstdio>

#include "tools/base/process.h"
#include "tools/base/strings.h"
#include "tools/base/whole_file.h"
#include "tools/driver/viewer.h"

namespace cpprof::driver {
namespace {

constexpr int kMaxNumberedFiles = 9999;

// The first of profile001.EXT, profile002.EXT, ... that does not exist yet.
Status WriteNumbered(const std::string& extension, std::string_view bytes, Notices* notices) {
  const auto name = [&](int number) {
    return StrFormat("profile%03d.%s", number, extension.c_str());
  };
  const Result<std::string> file =
      WriteNumberedFile(name, kMaxNumberedFiles, "profileNNN." + extension, bytes);
  if (!file.ok()) return file.status();
  notices->Print("Generating report in " + *file);
  return Status::Ok();
}

}  // namespace

Status WriteStandardOutput(const std::string& bytes) {
  std::fflush(stdout);
  return WriteBytes(STDOUT_FILENO, bytes, "standard output");
}

Status WriteOutput(const std::string& bytes, const Command& command, const Destination& destination,
                   Notices* notices) {
  if (!destination.file.empty()) {
    notices->Print("Generating report in " + destination.file);
    return destination.append ? AppendToFile(destination.file, bytes)
                              : WriteWholeFile(destination.file, bytes);
  }
  if (!destination.pipe.empty()) return RunShellCommand(destination.pipe, bytes);
  // In the shell the next command must not wait for a window to be closed.
  if (!command.viewer.empty()) {
    return Show(bytes, command.viewer, command.extension, !destination.interactive);
  }
  const bool read_by_person = destination.interactive || isatty(STDOUT_FILENO) == 1;
  if (!command.extension.empty() && read_by_person) {
    return WriteNumbered(std::string(command.extension), bytes, notices);
  }
  return WriteStandardOutput(bytes);
}

}  // namespace cpprof::driver
