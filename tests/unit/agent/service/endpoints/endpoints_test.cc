// SPDX-License-Identifier: Apache-2.0
#include "agent/service/endpoints/endpoints.h"

#include <gtest/gtest.h>

#include <optional>

#include "agent/service/endpoints/index_page.h"
#include "agent/service/options/environment.h"
#include "tests/unit/agent/service/support/fake_hot.h"
#include "tests/unit/agent/service/support/profile_reader.h"

namespace pprofagent::service {
namespace {

class EndpointsTest : public testing::Test {
 protected:
  void SetUp() override {
    fake_hot::Reset();
    options_.log_level = LogLevel::kOff;
  }

  Answer Ask(const std::string& path, const std::string& query = "",
             const std::string& method = "GET") {
    Request request;
    request.method = method;
    request.path = path;
    request.query = query;
    request.host = "localhost";
    return endpoints_.Handle(request, {.is_local = false, .reached_host = "127.0.0.1"});
  }
  static std::string HeaderOf(const Response& response, std::string_view name) {
    for (const auto& [key, value] : response.headers) {
      if (key == name) return value;
    }
    return "";
  }
  void Fails(int status, const std::string& body, const Answer& answer) {
    EXPECT_EQ(answer.response.status, status);
    EXPECT_EQ(answer.response.body, body + "\n");
    EXPECT_EQ(HeaderOf(answer.response, "X-Go-Pprof"), "1");
    EXPECT_EQ(answer.response.content_type, "text/plain; charset=utf-8");
    EXPECT_EQ(answer.wait, nullptr);
  }

  Options options_ = DefaultOptions();
  Controller controller_{options_, "fp", {}};
  Endpoints endpoints_{&controller_};
};

TEST_F(EndpointsTest, ErrorsAreGos) {
  Fails(404, "Unknown profile", Ask("/debug/pprof/nothing"));
  Fails(404, "Unknown profile", Ask("/debug/pprof/nothing", "seconds=1"));
  for (const char* seconds : {"abc", "0", "-1"}) {
    Fails(400, "invalid value for \"seconds\" - must be a positive integer",
          Ask("/debug/pprof/heap", std::string("seconds=") + seconds));
  }
  for (const char* path : {"/debug/pprof/heap", "/debug/pprof/profile"}) {
    Fails(400, "invalid value for \"labels\" - must be KEY=VALUE,KEY=VALUE...",
          Ask(path, "seconds=1&labels=alice"));
  }
  Fails(400, "seconds and debug params are incompatible",
        Ask("/debug/pprof/heap", "seconds=1&debug=1"));
  Fails(400, "invalid value for \"seconds\" - at most 604800 are served",
        Ask("/debug/pprof/profile", "seconds=99999999"));
  const Response found = Ask("/nothing").response;
  EXPECT_EQ(found.status, 404);
  EXPECT_EQ(found.body, "404 page not found\n");
}

TEST_F(EndpointsTest, OtherMethodsAreRefused) {
  const Response response = Ask("/debug/pprof/heap", "", "DELETE").response;
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(HeaderOf(response, "Allow"), "GET, HEAD");
  EXPECT_EQ(response.body, "Method Not Allowed\n");
  for (const char* name : {"symbol", "symbolz", "app/symbol", "app/symbolz"}) {
    EXPECT_EQ(Ask(std::string("/debug/pprof/") + name, "", "POST").response.status, 200) << name;
  }
  EXPECT_EQ(Ask("/debug/pprof/", "", "POST").response.status, 405);
}

TEST_F(EndpointsTest, TheIndexIsADirectory) {
  const Response moved = Ask("/debug/pprof").response;
  EXPECT_EQ(moved.status, 301);
  EXPECT_EQ(HeaderOf(moved, "Location"), "/debug/pprof/");
  const Response index = Ask("/debug/pprof/").response;
  EXPECT_EQ(index.content_type, "text/html; charset=utf-8");
  for (const KindSpec& kind : KindTable()) {
    const std::string name(kind.kind == Kind::kCpu ? "profile" : kind.name);
    EXPECT_NE(index.body.find(">" + name + "</a>"), std::string::npos) << name;
  }
}

TEST_F(EndpointsTest, ServesProfiles) {
  fake_hot::AddHeapSample({fake_hot::Stack({0x10}), 8, 1, 8, 1, 8});
  for (const char* path : {"/debug/pprof/heap", "/pprof/heap"}) {
    for (const char* query : {"", "debug=0", "debug=xyz", "debug=-1", "gc=1"}) {
      const Response response = Ask(path, query).response;
      EXPECT_EQ(response.status, 200);
      EXPECT_EQ(response.content_type, "application/octet-stream");
      EXPECT_EQ(HeaderOf(response, "Content-Disposition"), "attachment; filename=\"heap\"");
      EXPECT_EQ(test::Decode(test::Gunzip(response.body)).sample_size(), 1) << query;
    }
  }
  const Response text = Ask("/debug/pprof/heap", "debug=1").response;
  EXPECT_EQ(text.content_type, "text/plain; charset=utf-8");
  EXPECT_EQ(HeaderOf(text, "Content-Disposition"), "");
  ASSERT_NE(text.source, nullptr);
  std::string body;
  while (text.source->Next(&body)) continue;
  EXPECT_TRUE(body.starts_with("heap profile: 1: 8 [1: 9] @ heap_v2/1\n")) << body;
  EXPECT_NE(body.find("# MaxRSS = "), std::string::npos);
}

TEST_F(EndpointsTest, ServesDifferences) {
  const hot::StackView stack = fake_hot::Stack({0x10});
  fake_hot::AddHeapSample({stack, 8, 1, 8, 1, 8});
  const Answer answer = Ask("/debug/pprof/allocs", "seconds=0.5");
  ASSERT_NE(answer.wait, nullptr);
  fake_hot::AddHeapSample({stack, 8, 2, 16, 2, 16});
  const Response response = answer.wait->Finish();
  EXPECT_EQ(HeaderOf(response, "Content-Disposition"), "attachment; filename=\"allocs-delta\"");
  const auto profile = test::Decode(test::Gunzip(response.body));
  ASSERT_EQ(profile.sample_size(), 1);
  EXPECT_EQ(profile.sample(0).value(1), 16);
  EXPECT_GT(profile.duration_nanos(), 0);
}

TEST_F(EndpointsTest, OneCpuProfileAtATime) {
  Answer first = Ask("/debug/pprof/profile", "seconds=1");
  ASSERT_NE(first.wait, nullptr);
  Fails(500, "Could not enable CPU profiling: cpu profiling already in use",
        Ask("/debug/pprof/profile"));
  EXPECT_FALSE(controller_.StartCpu(0).status.ok());
  first.wait.reset();  // the client has left
  EXPECT_FALSE(hot::CpuRunning());
  Answer second = Ask("/debug/pprof/profile", "seconds=bad");
  ASSERT_NE(second.wait, nullptr);
  fake_hot::AddCpuSample(fake_hot::Stack({0x10}), 2, 20);
  const Response response = second.wait->Finish();
  EXPECT_EQ(HeaderOf(response, "Content-Disposition"), "attachment; filename=\"profile\"");
  EXPECT_EQ(test::Decode(test::Gunzip(response.body)).sample(0).value(0), 2);
  EXPECT_FALSE(hot::CpuRunning());
}

TEST_F(EndpointsTest, CpuProfilesHaveARateOfTheirOwn) {
  Answer fast = Ask("/debug/pprof/profile", "hz=1000");
  ASSERT_NE(fast.wait, nullptr);
  EXPECT_EQ(fake_hot::CpuRate(), 1000);
  const auto profile = test::Decode(test::Gunzip(fast.wait->Finish().body));
  EXPECT_EQ(profile.period(), 1'000'000);
  ASSERT_TRUE(controller_.SetOption("CPU_RATE", "250").status.ok());
  ASSERT_NE(Ask("/debug/pprof/profile", "event=cpu").wait, nullptr);
  EXPECT_EQ(fake_hot::CpuRate(), 250);
  for (const char* rate : {"0", "4001", "-1", "x"}) {
    Fails(400, "invalid value for \"hz\" - must be an integer from 1 to 4000",
          Ask("/debug/pprof/profile", std::string("hz=") + rate));
  }
  Fails(400, "invalid value for \"event\" - must be cpu or wall",
        Ask("/debug/pprof/profile", "event=cycles"));
}

TEST_F(EndpointsTest, ARunningCpuProfileKeepsItsRate) {
  ASSERT_TRUE(controller_.SetOption("CPU_RATE", "200").status.ok());
  CpuSessions sessions(200);
  ASSERT_TRUE(sessions.Begin(CpuSessions::kWholeProcess).ok());
  sessions.SetRate(100);
  EXPECT_EQ(sessions.Begin(CpuSessions::kForClient, 500).text(),
            "a CPU profile runs already, at 200 Hz");
  ASSERT_TRUE(sessions.Begin(CpuSessions::kForClient, 200).ok());
  EXPECT_EQ(sessions.End(CpuSessions::kForClient)->Record().period, 5'000'000);
  EXPECT_EQ(sessions.End(CpuSessions::kWholeProcess)->Record().period, 5'000'000);
}

TEST_F(EndpointsTest, AsksForOneThread) {
  for (const int32_t tid : {11, 12}) {
    hot::ThreadSample sample{};
    sample.tid = tid;
    sample.stack = fake_hot::Stack({static_cast<uintptr_t>(tid)});
    fake_hot::AddThread(sample);
  }
  const Response one = Ask("/debug/pprof/goroutine", "tid=12").response;
  const auto profile = test::Decode(test::Gunzip(one.body));
  ASSERT_EQ(profile.sample_size(), 1);
  EXPECT_EQ(profile.location(0).address(), 12u);
  const std::string text = Ask("/debug/pprof/goroutine", "tid=12&debug=2").response.body;
  EXPECT_NE(text.find("thread 12 "), std::string::npos) << text;
  EXPECT_EQ(text.find("thread 11 "), std::string::npos) << text;
  const Answer wall = Ask("/debug/pprof/profile", "event=wall&tid=12");
  ASSERT_NE(wall.wait, nullptr);
  EXPECT_EQ(test::Decode(test::Gunzip(wall.wait->Finish().body)).sample_size(), 1);
  Fails(400, "invalid value for \"tid\" - must be a thread's number",
        Ask("/debug/pprof/wall", "tid=-1"));
  for (const char* path : {"/debug/pprof/heap", "/debug/pprof/profile"}) {
    Fails(400, "\"tid\" parameter is not supported for this profile type", Ask(path, "tid=12"));
  }
}

TEST_F(EndpointsTest, NamesProgramCounters) {
  const auto address = reinterpret_cast<uintptr_t>(&IndexPage);
  Request request;
  request.method = "POST";
  request.path = "/debug/pprof/symbol";
  request.host = "localhost";
  request.body = std::to_string(address) + "+0x10+nonsense\n";
  const Response response =
      endpoints_.Handle(request, {.is_local = true, .reached_host = ""}).response;
  EXPECT_TRUE(response.body.starts_with("num_symbols: 1\n0x")) << response.body;
  EXPECT_NE(response.body.find(" pprofagent::service::IndexPage"), std::string::npos)
      << response.body;
}

TEST_F(EndpointsTest, IsClosedToNamesOfOthers) {
  Request request;
  request.method = "GET";
  request.path = "/debug/pprof/heap";
  request.host = "evil.example";
  EXPECT_EQ(
      endpoints_.Handle(request, {.is_local = false, .reached_host = "127.0.0.1"}).response.status,
      403);
}

}  // namespace
}  // namespace pprofagent::service
