// SPDX-License-Identifier: Apache-2.0
#include "agent/service/http/connection.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace pprofagent::service {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr char kRequest[] = "GET /now HTTP/1.1\r\nHost: x\r\n\r\n";

class TestWait final : public Wait {
 public:
  TestWait(int64_t due_ns, int* alive) : Wait(due_ns), alive_(*alive) { ++alive_; }
  ~TestWait() override { --alive_; }
  Response Finish() override { return {.body = "waited\n"}; }

 private:
  int& alive_;
};

// Much more than may be held of it.
class LongSource final : public ByteSource {
 public:
  static constexpr size_t kPiece = 50'000;
  static constexpr size_t kPieces = 200;

  bool Next(std::string* bytes) override {
    if (made_ == kPieces) return false;
    bytes->append(kPiece, static_cast<char>('a' + made_ % 26));
    ++made_;
    return true;
  }
  size_t held_bytes() const override { return 0; }
  void Restart() override { made_ = 0; }

 private:
  size_t made_ = 0;
};

// The client is the other end of a pair of sockets; the time is ours.
class ConnectionTest : public testing::Test {
 protected:
  void SetUp() override {
    int ends[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    client_ = Descriptor(ends[1]);
    connection_ = std::make_unique<Connection>(Descriptor(ends[0]), Client{}, handler_, now_);
  }

  // As of the Unix socket.
  void BecomeLocal() {
    int ends[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    client_ = Descriptor(ends[1]);
    connection_ = std::make_unique<Connection>(
        Descriptor(ends[0]), Client{.is_local = true, .reached_host = {}}, handler_, now_);
  }

  void Say(std::string_view text) {
    ASSERT_TRUE(WriteAll(client_.get(), text));
    while (connection_->Events() == POLLIN && IsReady()) connection_->OnReady(POLLIN, now_);
  }
  bool IsReady() const {
    pollfd polled = {connection_->descriptor(), POLLIN, 0};
    return poll(&polled, 1, 0) == 1;
  }
  std::string Heard() {
    std::string heard(1 << 20, '\0');
    const ssize_t got = recv(client_.get(), heard.data(), heard.size(), MSG_DONTWAIT);
    heard.resize(got > 0 ? static_cast<size_t>(got) : 0);
    return heard;
  }
  void Advance(int64_t ns) {
    now_ += ns;
    connection_->OnTime(now_);
  }

  int64_t now_ = 1000 * kSecond;
  int waits_ = 0;
  std::string big_ = std::string(4 << 20, 'x');
  Handler handler_ = [this](const Request& request, const Client&) -> Answer {
    if (request.path == "/wait") return {{}, std::make_unique<TestWait>(now_ + kSecond, &waits_)};
    if (request.path == "/big") return {{.body = big_}};
    if (request.path == "/long") return {{.source = std::make_unique<LongSource>()}};
    return {{.body = request.path + "\n"}};
  };
  Descriptor client_;
  std::unique_ptr<Connection> connection_;
};

TEST_F(ConnectionTest, AnswersAndStays) {
  for (int i = 0; i < 3; ++i) {
    Say(kRequest);
    EXPECT_TRUE(Heard().ends_with("\r\n\r\n/now\n"));
  }
  EXPECT_TRUE(connection_->is_reading());
}

TEST_F(ConnectionTest, AnswersRequestsThatComeTogetherOneByOne) {
  std::string many;
  for (int i = 0; i < 50; ++i) many += kRequest;
  Say(many);
  int answers = 0;
  while (connection_->NextTime() == 0) Advance(0);
  const std::string heard = Heard();
  for (size_t at = 0; (at = heard.find("/now\n", at)) != std::string::npos; ++at) ++answers;
  EXPECT_EQ(answers, 50);
}

TEST_F(ConnectionTest, SendsALongBodyAsItIsMade) {
  Say("GET /long HTTP/1.1\r\nHost: x\r\n\r\n");
  std::string heard;
  while (connection_->Events() == POLLOUT) {
    EXPECT_LE(connection_->unsent_bytes(), 2 * LongSource::kPiece);
    heard += Heard();
    connection_->OnReady(POLLOUT, now_);
  }
  heard += Heard();
  EXPECT_NE(heard.find("Transfer-Encoding: chunked\r\n"), std::string::npos);
  EXPECT_TRUE(heard.ends_with("\r\n0\r\n\r\n"));
  EXPECT_GT(heard.size(), LongSource::kPieces * LongSource::kPiece);
  // The client, that stays, is as good as new.
  EXPECT_TRUE(connection_->is_reading());
  Say(kRequest);
  EXPECT_TRUE(Heard().ends_with("\r\n\r\n/now\n"));
}

TEST_F(ConnectionTest, EndsTheConnectionBehindALongBodyForHttp10) {
  Say("GET /long HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  std::string heard;
  while (connection_->Events() == POLLOUT) {
    heard += Heard();
    connection_->OnReady(POLLOUT, now_);
  }
  heard += Heard();
  EXPECT_FALSE(connection_->is_reading());
  const size_t body = heard.find("\r\n\r\n") + 4;
  EXPECT_EQ(heard.size() - body, LongSource::kPieces * LongSource::kPiece);
}

TEST_F(ConnectionTest, GivesUpAClientThatDoesNotTakeALongBody) {
  Say("GET /long HTTP/1.1\r\nHost: x\r\n\r\n");
  Advance(60 * kSecond);
  EXPECT_TRUE(connection_->is_closed());
}

TEST_F(ConnectionTest, TimesOutAHalfRequest) {
  Say("GET / HTTP/1.1\r\n");
  for (int i = 0; i < 9; ++i) {
    Advance(kSecond);
    Say("A: b\r\n");  // drop by drop makes it no longer
  }
  EXPECT_EQ(Heard(), "");
  Advance(2 * kSecond);
  EXPECT_TRUE(Heard().starts_with("HTTP/1.1 408 "));
  Advance(3 * kSecond);
  EXPECT_TRUE(connection_->is_closed());
}

TEST_F(ConnectionTest, ClosesSilentlyWhereNothingWasAsked) {
  Advance(11 * kSecond);
  EXPECT_TRUE(connection_->is_closed());
  EXPECT_EQ(Heard(), "");
}

TEST_F(ConnectionTest, WaitsAndAnswers) {
  Say("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(waits_, 1);
  Advance(kSecond / 2);
  EXPECT_EQ(Heard(), "");
  Advance(kSecond);
  EXPECT_TRUE(Heard().ends_with("waited\n"));
  EXPECT_EQ(waits_, 0);
  EXPECT_TRUE(connection_->is_reading());
}

TEST_F(ConnectionTest, GivesUpTheWaitWhenTheClientLeaves) {
  Say("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(connection_->Events(), POLLRDHUP);
  connection_->OnReady(POLLRDHUP | POLLHUP, now_);
  EXPECT_TRUE(connection_->is_closed());
  connection_.reset();
  EXPECT_EQ(waits_, 0);
}

TEST_F(ConnectionTest, ShowsTheErrorBeforeItCloses) {
  Say("NONSENSE\r\n\r\n" + std::string(10'000, 'x'));
  EXPECT_TRUE(Heard().starts_with("HTTP/1.1 400 "));
  client_ = Descriptor();
  connection_->OnReady(POLLIN, now_);
  connection_->OnReady(POLLIN, now_);
  connection_->OnReady(POLLIN, now_);
  connection_->OnReady(POLLIN, now_);
  EXPECT_TRUE(connection_->is_closed());
}

TEST_F(ConnectionTest, WritesWhatTheClientTakesAndNoFasterThanThat) {
  Say("GET /big HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(connection_->Events(), POLLOUT);
  EXPECT_GT(connection_->unsent_bytes(), size_t{1} << 20);
  size_t heard = 0;
  while (connection_->Events() == POLLOUT) {
    heard += Heard().size();
    connection_->OnReady(POLLOUT, now_);
  }
  heard += Heard().size();
  EXPECT_GT(heard, big_.size());
  EXPECT_TRUE(connection_->is_reading());
}

TEST_F(ConnectionTest, DropsAClientThatTakesNothing) {
  Say("GET /big HTTP/1.1\r\nHost: x\r\n\r\n");
  Advance(30 * kSecond);
  EXPECT_FALSE(connection_->is_closed()) << "4 MiB may take longer than a small response";
  Advance(70 * kSecond);
  EXPECT_TRUE(connection_->is_closed());
}

TEST_F(ConnectionTest, LinesOfALocalClient) {
  BecomeLocal();
  Say("\n  stat");
  EXPECT_EQ(Heard(), "");
  EXPECT_NE(connection_->NextTime(), 0) << "there is nothing to do before the line's end";
  Say("us\r\n\nsecond a b\nthird");
  while (connection_->NextTime() == 0) Advance(0);
  EXPECT_EQ(Heard(), "/control/status\nok\n/control/second\nok\n");
  // The last line need not have an end.
  shutdown(client_.get(), SHUT_WR);
  connection_->OnReady(POLLIN, now_);
  EXPECT_EQ(Heard(), "/control/third\nok\n");
  connection_->OnReady(POLLIN, now_);
  EXPECT_TRUE(connection_->is_closed());
}

TEST_F(ConnectionTest, AllLinesAreServedBeforeTheEndIsSeen) {
  BecomeLocal();
  ASSERT_TRUE(WriteAll(client_.get(), "one\ntwo\nthree"));
  shutdown(client_.get(), SHUT_WR);
  for (int i = 0; i < 8 && !connection_->is_closed(); ++i) connection_->OnReady(POLLIN, now_);
  EXPECT_EQ(Heard(), "/control/one\nok\n/control/two\nok\n/control/three\nok\n");
  EXPECT_TRUE(connection_->is_closed());
}

TEST_F(ConnectionTest, ALocalClientMayAlsoSpeakHttp) {
  BecomeLocal();
  Say("\r\nGET /n");
  Say("ow HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(Heard().ends_with("\r\n\r\n/now\n"));
  Say("status\n");
  EXPECT_TRUE(Heard().starts_with("HTTP/1.1 400 ")) << "it has decided";
}

TEST_F(ConnectionTest, LinesAreForLocalClientsOnly) {
  Say("status\n");
  EXPECT_TRUE(Heard().starts_with("HTTP/1.1 400 "));
}

TEST_F(ConnectionTest, ALineHasItsLimit) {
  BecomeLocal();
  Say("status\n");
  EXPECT_EQ(Heard(), "/control/status\nok\n");
  Say(std::string(9000, 'x'));
  EXPECT_EQ(Heard(), "error: a line is longer than 8192 bytes\n");
  EXPECT_FALSE(connection_->is_reading());
  BecomeLocal();
  Say(std::string(9000, 'x'));
  EXPECT_TRUE(Heard().starts_with("HTTP/1.1 4"));
}

}  // namespace
}  // namespace pprofagent::service
