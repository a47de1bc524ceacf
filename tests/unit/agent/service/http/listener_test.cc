// SPDX-License-Identifier: Apache-2.0
#include "agent/service/http/listener.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/agent/service/support/scratch_directory.h"

namespace pprofagent::service {
namespace {

class ListenerTest : public testing::Test {
 protected:
  Status OpenUnix(const std::string& name, Listener* listener) {
    return Listener::OpenUnix(directory_ + "/" + name, directory_, listener);
  }

  test::ScratchDirectory scratch_;
  std::string directory_ = scratch_ / "made";
};

TEST_F(ListenerTest, MakesAPrivateSocketWhateverTheUmask) {
  const mode_t before = umask(0);
  Listener listener;
  const Status status = OpenUnix("a.1.sock", &listener);
  umask(before);
  ASSERT_TRUE(status.ok()) << status.text();
  struct stat entry;
  ASSERT_EQ(stat((directory_ + "/a.1.sock").c_str(), &entry), 0);
  EXPECT_EQ(entry.st_mode & 0777, 0600u);
  ASSERT_EQ(stat(directory_.c_str(), &entry), 0);
  EXPECT_EQ(entry.st_mode & 0777, 0700u);
  EXPECT_EQ(test::Names(directory_).size(), 1u) << "no temporary is left";
}

TEST_F(ListenerTest, NeverTakesALiveSocket) {
  Listener first;
  ASSERT_TRUE(OpenUnix("a.1.sock", &first).ok());
  Listener second;
  const Status status = OpenUnix("a.1.sock", &second);
  EXPECT_NE(status.text().find("another process listens there"), std::string::npos)
      << status.text();
}

TEST_F(ListenerTest, CleansUpAfterTheDead) {
  {
    Listener dead;
    ASSERT_TRUE(OpenUnix("dead.7.sock", &dead).ok());
    ASSERT_TRUE(OpenUnix("a.1.sock", &dead).ok());
  }
  test::WriteFile(directory_ + "/file.sock", "no socket");
  EXPECT_EQ(test::Names(directory_).size(), 3u) << "a descriptor's end leaves the file";
  Listener again;
  const Status status = OpenUnix("a.1.sock", &again);
  EXPECT_TRUE(status.ok()) << status.text();
  EXPECT_EQ(test::Names(directory_), (std::vector<std::string>{"a.1.sock", "file.sock"}));
}

TEST_F(ListenerTest, CleansUpAfterThoseWhoEndedBeforeTheyListened) {
  const pid_t gone = fork();
  if (gone == 0) _exit(0);
  waitpid(gone, nullptr, 0);
  {
    Listener dead;
    for (const pid_t pid : {gone, getppid()}) {
      ASSERT_TRUE(OpenUnix("." + std::to_string(pid) + ".sock.tmp", &dead).ok());
    }
    ASSERT_TRUE(OpenUnix(".notes.sock.tmp", &dead).ok());
    ASSERT_TRUE(OpenUnix(".0" + std::to_string(gone) + ".sock.tmp", &dead).ok());
  }
  Listener listener;
  ASSERT_TRUE(OpenUnix("a.1.sock", &listener).ok());
  std::vector<std::string> left = {".0" + std::to_string(gone) + ".sock.tmp",
                                   "." + std::to_string(getppid()) + ".sock.tmp", ".notes.sock.tmp",
                                   "a.1.sock"};
  std::sort(left.begin(), left.end());
  EXPECT_EQ(test::Names(directory_), left);
}

TEST_F(ListenerTest, NeverReplacesAFile) {
  ASSERT_EQ(mkdir(directory_.c_str(), 0700), 0);
  test::WriteFile(directory_ + "/a.1.sock", "precious");
  Listener listener;
  EXPECT_FALSE(OpenUnix("a.1.sock", &listener).ok());
  EXPECT_EQ(test::Contents(directory_ + "/a.1.sock"), "precious");
}

TEST_F(ListenerTest, RefusesADirectoryThatOthersMayWrite) {
  ASSERT_EQ(mkdir(directory_.c_str(), 0777), 0);
  ASSERT_EQ(chmod(directory_.c_str(), 0777), 0);
  Listener listener;
  EXPECT_FALSE(OpenUnix("a.1.sock", &listener).ok());
}

TEST_F(ListenerTest, WorksInDirectoriesTooDeepForBind) {
  std::string deep = scratch_.path();
  for (int i = 0; i < 10; ++i) {
    deep += "/0123456789012345678901234567890";
    ASSERT_EQ(mkdir(deep.c_str(), 0700), 0);
  }
  Listener listener;
  const Status status = Listener::OpenUnix(deep + "/s.sock", directory_, &listener);
  EXPECT_TRUE(status.ok()) << status.text();
}

TEST_F(ListenerTest, RemovesItsOwnFileOnly) {
  Listener listener;
  ASSERT_TRUE(OpenUnix("a.1.sock", &listener).ok());
  SocketFile other = listener.file();
  ++other.inode;
  RemoveSocketFile(other);
  EXPECT_EQ(test::Names(directory_).size(), 1u);
  RemoveSocketFile(listener.file());
  EXPECT_EQ(test::Names(directory_).size(), 0u);
}

TEST_F(ListenerTest, FindsAFreePort) {
  Listener listener;
  const auto address = ParseListenAddress("127.0.0.1:0");
  ASSERT_TRUE(address);
  ASSERT_TRUE(Listener::OpenTcp(*address, &listener).ok());
  const std::string name = listener.name();
  EXPECT_NE(name, "127.0.0.1:0");
  Listener second;
  const Status status = Listener::OpenTcp(*ParseListenAddress(name), &second);
  EXPECT_NE(status.text().find("cannot listen on " + name), std::string::npos) << status.text();
}

}  // namespace
}  // namespace pprofagent::service
