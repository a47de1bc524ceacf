// SPDX-License-Identifier: Apache-2.0
#include "tools/control/agents.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "tools/control/ctl.h"

namespace cpprof::control {
namespace {

TEST(Agents, WhoCannotBeReachedIsTold) {
  EXPECT_EQ(FindControlSocket("2000000000").message(), "process 2000000000 does not run");
  EXPECT_EQ(FindControlSocket("99999999999").message(), "99999999999 is not a process id");
  EXPECT_EQ(FindControlSocket("/etc/passwd").message(), "/etc/passwd is not a socket");
  EXPECT_NE(FindControlSocket(std::to_string(getpid()))
                .message()
                .find("does not run under the agent; start it with LD_PRELOAD=libpprofagent.so"),
            std::string::npos);
  EXPECT_TRUE(FindControlSocket("no such process")
                  .message()
                  .starts_with("no process called \"no such process\" runs under the agent; "));
}

TEST(Ctl, BadCommandLines) {
  EXPECT_EQ(Ctl({}).message(), "ctl: no process named; say cpprof ctl PROCESS VERB");
  EXPECT_EQ(Ctl({"-x"}).message(), "ctl: no option -x; see cpprof ctl -h");
  EXPECT_EQ(Ctl({"1"}).message(), "ctl: no verb; \"cpprof ctl 1 help\" lists them");
  EXPECT_EQ(Ctl({"1", "set", "a\nb"}).message(), "ctl: arguments are words of one line");
  EXPECT_TRUE(Ctl({"-h"})->starts_with("usage: cpprof ctl PROCESS VERB"));
}

}  // namespace
}  // namespace cpprof::control
