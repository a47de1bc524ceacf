// SPDX-License-Identifier: Apache-2.0
//
// See output.h.
#include "tools/driver/output.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "tools/base/errno_text.h"
#include "tools/base/path.h"
#include "tools/base/strings.h"
#include "tools/driver/viewer.h"

namespace cpprof::driver {
namespace {

constexpr int kMaxNumberedFiles = 10000;

Status WriteAll(int descriptor, std::string_view bytes, const std::string& name) {
  while (!bytes.empty()) {
    const ssize_t count = write(descriptor, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Status::Error("write " + name + ": " + ErrnoText(errno));
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  return Status::Ok();
}

Status WriteAndClose(int descriptor, std::string_view bytes, const std::string& name) {
  Status written = WriteAll(descriptor, bytes, name);
  if (close(descriptor) != 0 && written.ok()) {
    return Status::Error("close " + name + ": " + ErrnoText(errno));
  }
  return written;
}

// Devices, pipes and what they are linked to are written to as they are.
Status WriteInPlace(const std::string& file, std::string_view bytes) {
  const int descriptor = open(file.c_str(), O_WRONLY | O_CLOEXEC);
  if (descriptor < 0) return Status::Error("open " + file + ": " + ErrnoText(errno));
  return WriteAndClose(descriptor, bytes, file);
}

// Under another name first, then renamed.
Status WriteWhole(const std::string& file, std::string_view bytes) {
  std::string temporary = file + ".XXXXXX";
  const int descriptor = mkostemp(temporary.data(), O_CLOEXEC);
  if (descriptor < 0) return Status::Error("open " + file + ": " + ErrnoText(errno));
  // mkostemp makes files nobody else may read; a report has the permissions of any new file.
  const mode_t mask = umask(0);
  umask(mask);
  fchmod(descriptor, 0666 & ~mask);
  Status written = WriteAndClose(descriptor, bytes, file);
  if (written.ok() && rename(temporary.c_str(), file.c_str()) != 0) {
    written = Status::Error("rename " + temporary + " to " + file + ": " + ErrnoText(errno));
  }
  if (!written.ok()) unlink(temporary.c_str());
  return written;
}

Status WriteFile(const std::string& file, std::string_view bytes) {
  struct stat info = {};
  if (stat(file.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) {
    return Status::Error("open " + file + ": is a directory");
  }
  const bool special = stat(file.c_str(), &info) == 0 && !S_ISREG(info.st_mode);
  return special ? WriteInPlace(file, bytes) : WriteWhole(file, bytes);
}

// The first of profile001.EXT, profile002.EXT, ... that does not exist yet.
Status WriteNumberedFile(std::string_view extension, std::string_view bytes, Notices* notices) {
  for (int number = 1; number < kMaxNumberedFiles; ++number) {
    const std::string name = StrFormat("profile%03d.%s", number, std::string(extension).c_str());
    const int descriptor = open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor < 0 && errno == EEXIST) continue;
    if (descriptor < 0) return Status::Error("open " + name + ": " + ErrnoText(errno));
    notices->Print("Generating report in " + name);
    Status written = WriteAndClose(descriptor, bytes, name);
    if (!written.ok()) unlink(name.c_str());
    return written;
  }
  return Status::Error("could not create file of the form profileNNN." + std::string(extension));
}

}  // namespace

Status WriteStandardOutput(const std::string& bytes) {
  std::fflush(stdout);
  return WriteAll(STDOUT_FILENO, bytes, "standard output");
}

Status WriteOutput(const std::string& bytes, const Command& command, const std::string& file,
                   bool interactive, Notices* notices) {
  if (!file.empty()) {
    notices->Print("Generating report in " + file);
    return WriteFile(file, bytes);
  }
  // In the shell the next command must not wait for a window to be closed.
  if (!command.viewer.empty()) return Show(bytes, command.viewer, command.extension, !interactive);
  const bool read_by_person = interactive || isatty(STDOUT_FILENO) == 1;
  if (!command.extension.empty() && read_by_person) {
    return WriteNumberedFile(command.extension, bytes, notices);
  }
  return WriteStandardOutput(bytes);
}

}  // namespace cpprof::driver
