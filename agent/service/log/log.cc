// SPDX-License-Identifier: Apache-2.0
//
// spdlog filters and formats; where a line goes is log_file.h's affair. A logger
// lives for one message: messages are rare, and nothing that a fork could find
// half done remains. spdlog's own registry and its sinks, which keep files open
// and take locks, are not used, nor its clock patterns: localtime and gmtime
// take a lock of libc that a forked child would never get.
//
// What makes the library large is switched off: fmt's interpreter of formats,
// which knows floating point and so needs libm (formats are compiled instead,
// and spdlog must not catch exceptions, which it would format), and std::locale.
#include "agent/service/log/log.h"

#include <errno.h>
#include <unistd.h>

#include <atomic>
#include <memory>

#define SPDLOG_HEADER_ONLY
#ifndef FMT_HEADER_ONLY
#define FMT_HEADER_ONLY
#endif
#define SPDLOG_FMT_EXTERNAL
#define SPDLOG_NO_EXCEPTIONS
#define FMT_STATIC_THOUSANDS_SEPARATOR ','
#include <fmt/compile.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/sink.h>

#include "agent/service/base/utc_time.h"
#include "agent/service/log/log_file.h"

namespace pprofagent::service {
namespace {

constinit std::atomic<const Options*> log_options{nullptr};

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarn:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
    case LogLevel::kOff:
      break;
  }
  return spdlog::level::off;
}

// 2026-01-31T12:00:00.123Z pprofagent[4711] warning: message
void FormatLine(const spdlog::details::log_msg& message, spdlog::memory_buf_t* line) {
  const auto since_epoch =
      std::chrono::duration_cast<std::chrono::milliseconds>(message.time.time_since_epoch());
  const UtcTime time = ToUtc(since_epoch.count() / 1000);
  fmt::format_to(fmt::appender(*line),
                 FMT_COMPILE("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z pprofagent[{}] "),
                 time.year, time.month, time.day, time.hour, time.minute, time.second,
                 since_epoch.count() % 1000, getpid());
  const spdlog::string_view_t level = spdlog::level::to_string_view(message.level);
  line->append(level);
  line->append(std::string_view(": "));
  for (const char c : message.payload) line->push_back(c == '\n' ? ' ' : c);
  line->push_back('\n');
}

class LineSink final : public spdlog::sinks::sink {
 public:
  explicit LineSink(const Options& options) : target_{options.log, options.dir} {}

  void log(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    FormatLine(message, &line);
    WriteLogLine(target_, std::string_view(line.data(), line.size()));
  }
  void flush() override {}
  void set_pattern(const std::string&) override {}
  void set_formatter(std::unique_ptr<spdlog::formatter>) override {}

 private:
  LogTarget target_;
};

}  // namespace

void ConfigureLog(const Options& options) {
  log_options.store(&options, std::memory_order_release);
}

void Log(LogLevel level, std::string_view message) {
  const Options* options = log_options.load(std::memory_order_acquire);
  if (options == nullptr || level < options->log_level || level == LogLevel::kOff) return;
  const int saved = errno;
  spdlog::logger logger("pprofagent", std::make_shared<LineSink>(*options));
  logger.set_level(ToSpdlog(options->log_level));
  logger.log(ToSpdlog(level), spdlog::string_view_t(message.data(), message.size()));
  errno = saved;
}

}  // namespace pprofagent::service
