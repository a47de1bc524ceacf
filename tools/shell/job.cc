// SPDX-License-Identifier: Apache-2.0
//
// See job.h.
#include "tools/shell/job.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
#include <string>
#include <vector>

#include "tools/base/strings.h"
#include "tools/driver/viewer.h"

namespace cpprof::shell {
namespace {

[[noreturn]] void Child(const std::function<void()>& work, int done, Notices* notices) {
  struct sigaction usual = {};
  usual.sa_handler = SIG_DFL;
  sigaction(SIGINT, &usual, nullptr);
  sigset_t interrupt;
  sigemptyset(&interrupt);
  sigaddset(&interrupt, SIGINT);
  sigprocmask(SIG_UNBLOCK, &interrupt, nullptr);
  const size_t shown_before = driver::ShownFiles().size();
  try {
    work();
  } catch (const std::bad_alloc&) {
    notices->Print("out of memory");
  } catch (const std::exception& error) {
    notices->Print(std::string("internal error: ") + error.what());
  }
  // Files that a viewer reads outlive the job; the shell removes them.
  const std::vector<std::string>& files = driver::ShownFiles();
  for (size_t i = shown_before; i < files.size(); ++i) {
    dprintf(done, "%s%c", files[i].c_str(), '\0');
  }
  // Neither destructors nor exit handlers: they are the shell's.
  std::fflush(stdout);
  _exit(EXIT_SUCCESS);
}

// Takes over the files named by the child, until it has ended.
void Listen(int done, pid_t child, HeldSignals* interrupts) {
  std::string names;
  for (;;) {
    // Ctrl-C reaches the child by itself; a signal sent to the shell alone is passed on.
    if (interrupts->Wait(done) == SIGINT) kill(child, SIGINT);
    char buffer[4096];
    const ssize_t count = read(done, buffer, sizeof(buffer));
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (count <= 0) break;
    names.append(buffer, static_cast<size_t>(count));
  }
  for (const std::string_view name : Split(names, '\0')) {
    if (!name.empty()) driver::AdoptShownFile(std::string(name));
  }
}

}  // namespace

void RunJob(const std::function<void()>& work, HeldSignals* interrupts, Notices* notices) {
  HeldSignals::Forget(SIGINT);
  std::fflush(nullptr);
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return work();
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  const pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    Child(work, ends[1], notices);
  }
  close(ends[1]);
  if (child > 0) Listen(ends[0], child, interrupts);
  close(ends[0]);
  // No process to be had, for lack of memory perhaps: without Ctrl-C, then.
  if (child < 0) return work();
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFSIGNALED(status)) return;
  // What is left of the interrupted line.
  if (WTERMSIG(status) == SIGINT) {
    notices->Print("");
  } else {
    notices->Print(StrFormat("the report was ended by signal %d (%s)", WTERMSIG(status),
                             strsignal(WTERMSIG(status))));
  }
}

}  // namespace cpprof::shell
