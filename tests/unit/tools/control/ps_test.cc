// SPDX-License-Identifier: Apache-2.0
#include "tools/control/ps.h"

#include <gtest/gtest.h>

namespace cpprof::control {
namespace {

TEST(Ps, ARowSaysWhatIsRecorded) {
  PsRow row = RowOf({"pid: 17", "uptime: 93784.567 s", "heap rate: 524288", "mutex fraction: 0",
                     "block rate: 1000000", "cpu rate: 100", "cpu profile: on request"});
  row.name = "redis-server";
  row.socket = "/tmp/x.sock";
  EXPECT_EQ(row.uptime, "26h03m");
  PsRow other = RowOf({"uptime: 61.0 s", "heap rate: 1", "block rate: 1500", "cpu rate: 99",
                       "cpu profile: not running"});
  other.pid = "4711";
  other.socket = "no socket";
  EXPECT_EQ(FormatPs({row, other}),
            " PID  NAME          UPTIME  HEAP  MUTEX   BLOCK   CPU  SOCKET\n"
            "  17  redis-server  26h03m  512k    off     1ms  100*  /tmp/x.sock\n"
            "4711                 1m01s     1      -  1500ns    99  no socket\n");
}

TEST(Ps, OfNothing) {
  const PsRow row = RowOf({});
  EXPECT_EQ(row.uptime, "-");
  EXPECT_EQ(row.heap, "-");
  EXPECT_EQ(row.cpu, "-");
}

TEST(Ps, BadCommandLines) {
  StderrNotices notices;
  EXPECT_EQ(Ps({"-a"}, &notices).message(), "ps: no argument -a; see cpprof ps -h");
  EXPECT_TRUE(Ps({"-h"}, &notices)->starts_with("usage: cpprof ps"));
}

}  // namespace
}  // namespace cpprof::control
