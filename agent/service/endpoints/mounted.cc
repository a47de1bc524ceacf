// SPDX-License-Identifier: Apache-2.0
#include "agent/service/endpoints/mounted.h"

#include <sys/syscall.h>
#include <time.h>

#include <algorithm>
#include <new>
#include <string>
#include <utility>

#include "agent/hot/rt/raw_syscall.h"
#include "agent/service/base/clock.h"
#include "agent/service/control/jobs.h"
#include "agent/service/endpoints/endpoints.h"
#include "agent/service/http/request_parser.h"

namespace pprofagent::service {
namespace {

constexpr std::string_view kOwnPrefix = "/debug/pprof/";
constexpr int64_t kTenthNs = 100'000'000;

Response Moved(std::string_view prefix, std::string_view query) {
  std::string location = std::string(prefix) + "/";
  if (!query.empty()) location += "?" + std::string(query);
  return {.status = 301,
          .content_type = "text/plain; charset=utf-8",
          .headers = {{"Location", std::move(location)}},
          .body = "301 Moved Permanently\n"};
}

// False also if there was no memory for it, which must not pass through the helper.
bool DoneByHelper(const JobWork& work) {
  bool done = false;
  const bool ran = RunOnHelper([&](Controller& controller) {
    try {
      work(controller);
      done = true;
    } catch (const std::bad_alloc&) {
      done = false;
    }
  });
  return ran && done;
}

}  // namespace

MountedTarget BelowPrefix(const MountedRequest& request) {
  std::string_view prefix = request.prefix;
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  const size_t end = std::min(request.target.find('?'), request.target.size());
  std::string_view path = request.target.substr(0, end);
  MountedTarget target;
  target.request.method = request.method;
  if (end < request.target.size()) target.request.query = request.target.substr(end + 1);
  if (!path.starts_with(prefix) || (path.size() > prefix.size() && path[prefix.size()] != '/')) {
    target.refusal = Response{.status = 404, .body = "404 page not found\n"};
    return target;
  }
  path.remove_prefix(prefix.size());
  // The links of the index are relative: it must not be shown without the slash.
  if (path.empty() && !prefix.empty()) {
    target.refusal = Moved(prefix, target.request.query);
    return target;
  }
  if (request.body.size() > kMaxBodyBytes) {
    target.refusal = Response{.status = 413, .body = "413 Request Entity Too Large\n"};
    return target;
  }
  if (!path.empty()) path.remove_prefix(1);
  target.request.path = std::string(kOwnPrefix) + UrlDecode(path, false);
  target.request.body = request.body;
  return target;
}

MountedCall::~MountedCall() { Abandon(); }

bool MountedCall::Begin(const MountedRequest& request) {
  MountedTarget target = BelowPrefix(request);
  if (target.refusal) {
    answer_.response = std::move(*target.refusal);
    return true;
  }
  Client client;
  client.is_local = true;
  return DoneByHelper([&](Controller& controller) {
    answer_ = Endpoints(&controller).Handle(target.request, client);
  });
}

bool MountedCall::WaitABit() const {
  if (answer_.wait == nullptr) return true;
  const int64_t left_ns = answer_.wait->due_ns() - MonotonicClock();
  if (left_ns <= 0) return true;
  // Not libc's, where a thread can be cancelled. A signal of the program only makes
  // it shorter.
  const timespec rest = {0, static_cast<long>(std::min(left_ns, kTenthNs))};
  hot::RawSyscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &rest, nullptr);
  return left_ns <= kTenthNs && answer_.wait->due_ns() <= MonotonicClock();
}

bool MountedCall::Finish() {
  if (answer_.wait == nullptr) return true;
  return DoneByHelper([this](Controller&) {
    answer_.response = answer_.wait->Finish();
    answer_.wait.reset();
  });
}

void MountedCall::Abandon() {
  if (answer_.wait == nullptr) return;
  // What it holds (the CPU profile) is the helper's. Without one there is nobody to
  // hold it against.
  if (!RunOnHelper([this](Controller&) { answer_.wait.reset(); })) answer_.wait.reset();
}

}  // namespace pprofagent::service
