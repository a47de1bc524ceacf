// SPDX-License-Identifier: Apache-2.0
//
// The entry points, each scenario in a process of its own: they are called once
// in a life.
#include "agent/service/service.h"

#include <errno.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <thread>

#include "tests/unit/agent/service/support/fake_hot.h"
#include "tests/unit/agent/service/support/profile_reader.h"
#include "tests/unit/agent/service/support/scratch_directory.h"

namespace pprofagent::service {
namespace {

int NoThreads(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*) { return EAGAIN; }

class ServiceTest : public testing::Test {
 protected:
  // In a child process: the agent is loaded with these variables, then
  // `scenario` runs; the process must survive it.
  void InProcess(const std::vector<std::string>& variables, const std::function<void()>& scenario,
                 PthreadCreate create = pthread_create) {
    fflush(nullptr);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      Load(variables, create);
      scenario();
      _exit(0);
    }
    pid_ = child;
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "status " << status;
  }

  void Load(const std::vector<std::string>& variables, PthreadCreate create) {
    std::vector<std::string> all = variables;
    all.push_back("PPROFAGENT_DIR=" + (scratch_ / "dumps"));
    all.push_back("PPROFAGENT_LOG=" + (scratch_ / "log"));
    // Of variables given twice the first counts.
    all.emplace_back("PPROFAGENT_SOCKET=off");
    std::vector<const char*> environment;
    for (const std::string& variable : all) environment.push_back(variable.c_str());
    environment.push_back(nullptr);
    fake_hot::Reset();
    ReadOptions(environment.data());
    Start({create, "fp"});
  }

  std::string Name(const std::string& rest) const {
    return "agent_service_control_test." + std::to_string(pid_) + "." + rest + ".pb.gz";
  }
  std::vector<std::string> Dumps() const { return test::Names(scratch_ / "dumps"); }
  std::string Log() const { return test::Contents(scratch_ / "log"); }

  test::ScratchDirectory scratch_;
  pid_t pid_ = 0;
};

using Names = std::vector<std::string>;

TEST_F(ServiceTest, LeavesNoTraceByDefault) {
  InProcess({}, [] {
    AtExit();
    if (fake_hot::ExcludedThreads() != 0) _exit(1);
  });
  EXPECT_TRUE(test::Names(scratch_.path()).empty());
}

TEST_F(ServiceTest, DumpsWhenASignalArrives) {
  InProcess({}, [] {
    fake_hot::AddHeapSample({fake_hot::Stack({0x10}), 8, 1, 8, 1, 8});
    fake_hot::Signal(hot::kRequestDump, 0);
    fake_hot::WaitUntilHelperRuns(true);
    fake_hot::WaitUntilHelperRuns(false);  // it lingers for a few seconds
  });
  ASSERT_EQ(Dumps(), Names{Name("0000.heap")});
  EXPECT_EQ(test::DecodeFile(scratch_ / "dumps/" + Name("0000.heap")).sample_size(), 1);
}

TEST_F(ServiceTest, ServesWhatWasAskedBeforeTheEnd) {
  InProcess({"PPROFAGENT_EXIT_PROFILES=allocs"}, [] {
    fake_hot::Signal(hot::kRequestDump, 0);
    AtExit();
  });
  EXPECT_EQ(Dumps(), (Names{Name("0000.heap"), Name("0001.allocs")}));
}

TEST_F(ServiceTest, StartsASecondHelperAfterTheFirst) {
  InProcess({}, [] {
    for (int i = 0; i < 2; ++i) {
      fake_hot::Signal(hot::kRequestDump, 0);
      fake_hot::WaitUntilHelperRuns(true);
      fake_hot::WaitUntilHelperRuns(false);
    }
  });
  EXPECT_EQ(Dumps().size(), 2u);
}

TEST_F(ServiceTest, KeepsTheHelperOfAProgramWithThreads) {
  InProcess({}, [] {
    fake_hot::SetHelperMayEnd(false);
    fake_hot::Signal(hot::kRequestDump, 0);
    while (fake_hot::TimesAskedToEnd() == 0) std::this_thread::yield();
    fake_hot::Signal(hot::kRequestDump, 0);
    fake_hot::SetHelperMayEnd(true);
    fake_hot::WaitUntilHelperRuns(false);
    if (fake_hot::ExcludedThreads() != 1) _exit(1);
  });
  EXPECT_EQ(Dumps().size(), 2u);
}

TEST_F(ServiceTest, WritesFilesAtExit) {
  const std::string cpu = scratch_ / "cpu.pb.gz";
  InProcess({"PPROFAGENT_CPUPROFILE=" + cpu, "PPROFAGENT_MEMPROFILE=" + (scratch_ / "mem.pb.gz")},
            [] {
              fake_hot::AddCpuSample(fake_hot::Stack({0x10}), 4, 40);
              errno = ECHILD;
              AtExit();
              if (errno != ECHILD || hot::CpuRunning()) _exit(1);
            });
  EXPECT_EQ(test::Names(scratch_.path()), (Names{"cpu.pb.gz", "mem.pb.gz"}));
  EXPECT_EQ(test::DecodeFile(cpu).sample(0).value(0), 4);
}

TEST_F(ServiceTest, WritesThemWithoutAThreadIfItMust) {
  InProcess(
      {"PPROFAGENT_EXIT_PROFILES=heap"}, [] { AtExit(); }, NoThreads);
  EXPECT_EQ(Dumps(), Names{Name("0000.heap")});
}

TEST_F(ServiceTest, WritesThemOnceForAllThreadsThatEnd) {
  InProcess({"PPROFAGENT_EXIT_PROFILES=heap"}, [this] {
    std::vector<std::thread> enders;
    for (int i = 0; i < 4; ++i) {
      enders.emplace_back([this] {
        AtExit();
        if (Dumps().size() != 1) _exit(1);
      });
    }
    for (std::thread& ender : enders) ender.join();
    AtExit();
  });
  EXPECT_EQ(Dumps(), Names{Name("0000.heap")});
}

TEST_F(ServiceTest, SurvivesAFileSizeLimitOnEitherThread) {
  for (const PthreadCreate create : {static_cast<PthreadCreate>(pthread_create), &NoThreads}) {
    InProcess(
        {"PPROFAGENT_EXIT_PROFILES=heap"},
        [] {
          const rlimit tight = {10, 10};
          if (setrlimit(RLIMIT_FSIZE, &tight) != 0) _exit(1);
          AtExit();
        },
        create);
    EXPECT_TRUE(Dumps().empty());
  }
}

TEST_F(ServiceTest, GivesAForkedChildItsOwnFiles) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "ThreadSanitizer ends a forked child that starts a thread";
#endif
  const std::string cpu = scratch_ / "cpu.pb.gz";
  pid_t* grandchild = static_cast<pid_t*>(
      mmap(nullptr, sizeof(pid_t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  InProcess({"PPROFAGENT_CPUPROFILE=" + cpu, "PPROFAGENT_EXIT_PROFILES=heap"}, [grandchild] {
    fake_hot::AddCpuSample(fake_hot::Stack({0x10}), 4, 40);
    fake_hot::Signal(hot::kRequestDump, 0);
    const pid_t child = fake_hot::ForkWhileHelperWaits();
    if (child == 0) {
      AfterForkInChild();
      fake_hot::AddCpuSample(fake_hot::Stack({0x20}), 1, 10);
      AtExit();
      _exit(0);
    }
    *grandchild = child;
    waitpid(child, nullptr, 0);
    AtExit();
  });
  const std::string own = scratch_ / ("cpu." + std::to_string(*grandchild) + ".pb.gz");
  ASSERT_EQ(test::DecodeFile(own).sample_size(), 1);
  EXPECT_EQ(test::DecodeFile(own).sample(0).value(0), 1);
  EXPECT_EQ(test::DecodeFile(cpu).sample(0).value(0), 4);
  const std::string prefix = "agent_service_control_test." + std::to_string(*grandchild);
  const Names dumps = Dumps();
  EXPECT_NE(std::find(dumps.begin(), dumps.end(), prefix + ".0000.heap.pb.gz"), dumps.end());
  munmap(grandchild, sizeof(pid_t));
}

// vfork and _Fork tell nobody; such a child must not write its parent's files.
TEST_F(ServiceTest, DoesNothingInAChildThatWasNotAnnounced) {
  InProcess({"PPROFAGENT_EXIT_PROFILES=heap"}, [] {
    const pid_t child = fork();
    if (child == 0) {
      AtExit();
      _exit(0);
    }
    waitpid(child, nullptr, 0);
  });
  EXPECT_TRUE(Dumps().empty());
}

TEST_F(ServiceTest, LogsWhatIsWrongWithTheOptions) {
  InProcess({"PPROFAGENT_HEAP_RATE=lots", "PPROFAGENT_SIGNL=USR2"}, [] {});
  EXPECT_NE(Log().find("PPROFAGENT_HEAP_RATE=\"lots\" is not a size"), std::string::npos);
  EXPECT_NE(Log().find("did you mean PPROFAGENT_SIGNAL?"), std::string::npos);
}

TEST_F(ServiceTest, ClaimsItsSignals) {
  InProcess({"PPROFAGENT_SIGNAL_CPU=USR2"}, [] {
    const std::vector<std::pair<int, hot::Request>> expected = {{SIGUSR1, hot::kRequestDump},
                                                                {SIGUSR2, hot::kRequestToggleCpu}};
    if (fake_hot::ClaimedSignals() != expected) _exit(1);
  });
  EXPECT_EQ(Log(), "");
}

TEST_F(ServiceTest, LogsASignalThatCannotBeHad) {
  InProcess({"PPROFAGENT_SIGNAL_CPU=USR1"}, [] {});
  EXPECT_NE(Log().find("PPROFAGENT_SIGNAL_CPU: signal 10 cannot be had"), std::string::npos);
}

TEST_F(ServiceTest, RunsAtAnIntervalWithoutBeingAsked) {
  InProcess({"PPROFAGENT_INTERVAL=100ms"}, [this] {
    while (Dumps().size() < 2) std::this_thread::yield();
  });
  EXPECT_GE(Dumps().size(), 2u);
}

bool ConnectsTo(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  const int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool connected =
      connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  close(client);
  return connected;
}

TEST_F(ServiceTest, ListensFromTheStartWhereAskedTo) {
  const std::string path = scratch_ / "control";
  InProcess({"PPROFAGENT_SOCKET=" + path}, [&path] {
    while (!ConnectsTo(path)) std::this_thread::yield();
    AtExit();
    if (access(path.c_str(), F_OK) == 0) _exit(1);
  });
}

TEST_F(ServiceTest, ListensByDefaultWhileThereIsAHelper) {
  InProcess({"PPROFAGENT_SOCKET=%d/%e.%p.sock"}, [this] {
    const std::string mine =
        scratch_ / ("dumps/agent_service_control_test." + std::to_string(getpid()) + ".sock");
    fake_hot::Signal(hot::kRequestDump, 0);
    while (!ConnectsTo(mine)) std::this_thread::yield();
    fake_hot::WaitUntilHelperRuns(false);
    if (access(mine.c_str(), F_OK) == 0) _exit(1);
  });
}

TEST(ActiveIn, GoesByTheExecutablesName) {
  Options options;
  options.only = {"*"};
  EXPECT_TRUE(ActiveIn(options));
  options.only = {"redis-*", "agent_service_*"};
  EXPECT_TRUE(ActiveIn(options));
  options.only = {"redis-*"};
  EXPECT_FALSE(ActiveIn(options));
  options.only = {};
  EXPECT_FALSE(ActiveIn(options));
}

#ifndef PPROFAGENT_SANITIZED
// --- The helper's stack. Sanitizers need much of it themselves.

constexpr size_t kPaintedStack = 256 * 1024;
char* painted_stack = nullptr;

int CreateOnPaintedStack(pthread_t* thread, const pthread_attr_t*, void* (*body)(void*),
                         void* argument) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstack(&attributes, painted_stack, kPaintedStack);
  const int result = pthread_create(thread, &attributes, body, argument);
  pthread_attr_destroy(&attributes);
  return result;
}

TEST_F(ServiceTest, NeedsLittleStack) {
  painted_stack = static_cast<char*>(
      mmap(nullptr, kPaintedStack, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  memset(painted_stack, 0x5a, kPaintedStack);
  InProcess(
      {"PPROFAGENT_EXIT_PROFILES=heap,cpu", "PPROFAGENT_LOG_LEVEL=debug"},
      [] {
        fake_hot::AddHeapSample({fake_hot::Stack({0x10}), 8, 1, 8, 1, 8});
        fake_hot::Signal(hot::kRequestDump, 0);
        AtExit();
      },
      CreateOnPaintedStack);
  size_t untouched = 0;
  while (untouched < kPaintedStack && painted_stack[untouched] == 0x5a) ++untouched;
  EXPECT_LT(kPaintedStack - untouched, 64u * 1024);
  RecordProperty("stack_bytes", static_cast<int>(kPaintedStack - untouched));
  EXPECT_EQ(Dumps().size(), 3u);
  munmap(painted_stack, kPaintedStack);
}
#endif  // PPROFAGENT_SANITIZED

}  // namespace
}  // namespace pprofagent::service
