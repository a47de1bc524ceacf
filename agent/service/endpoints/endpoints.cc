// SPDX-License-Identifier: Apache-2.0
#include "agent/service/endpoints/endpoints.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "agent/service/base/allocator.h"
#include "agent/service/base/clock.h"
#include "agent/service/base/descriptor.h"
#include "agent/service/base/process.h"
#include "agent/service/control/verbs.h"
#include "agent/service/endpoints/access.h"
#include "agent/service/endpoints/control_pages.h"
#include "agent/service/endpoints/index_page.h"
#include "agent/service/endpoints/label_filter.h"
#include "agent/service/endpoints/parameters.h"
#include "agent/service/endpoints/symbol_page.h"
#include "agent/service/log/log.h"
#include "agent/service/options/options.h"
#include "agent/service/profile/custom_profiles.h"
#include "agent/service/profile/recording.h"
#include "agent/service/profile/thread_profile.h"
#include "agent/service/sink/gzip.h"
#include "agent/service/text/memory_stats.h"
#include "agent/service/text/profile_text.h"
#include "agent/service/text/thread_text.h"

namespace pprofagent::service {
namespace {

constexpr std::string_view kPrefix = "/debug/pprof/";
constexpr std::string_view kGperftoolsPrefix = "/pprof/";
constexpr std::string_view kControlPrefix = "/control/";
constexpr int64_t kDefaultCpuNs = 30'000'000'000;

bool IsReading(const Request& request) {
  return request.method == "GET" || request.method == "HEAD";
}

// The analyzer asks for names beside the profile: of app/conns at app/symbolz. It
// says "symbolz" where the path does not look like ours, as below another prefix.
bool IsSymbol(std::string_view name, const Request& request) {
  if (name == "symbol" || name == "symbolz") return true;
  return request.method == "POST" && (name.ends_with("/symbol") || name.ends_with("/symbolz"));
}

Response NotAllowed(std::string_view allowed) {
  return {
      .status = 405, .headers = {{"Allow", std::string(allowed)}}, .body = "Method Not Allowed\n"};
}

Response NotFound() { return {.status = 404, .body = "404 page not found\n"}; }

// Go's text, whose integers we are not so strict about.
Response BadSeconds(std::string_view text) {
  if (IntegerParameter(text) > kMaxSeconds) {
    return ProfileError(400, "invalid value for \"seconds\" - at most " +
                                 std::to_string(kMaxSeconds) + " are served");
  }
  return ProfileError(400, "invalid value for \"seconds\" - must be a positive integer");
}

Response BadRate(int most) {
  return ProfileError(
      400, "invalid value for \"hz\" - must be an integer from 1 to " + std::to_string(most));
}

Response BadThread() {
  return ProfileError(400, "invalid value for \"tid\" - must be a thread's number");
}

// Of what is summed up over time nobody notes whose it was.
Response NoSuchThreads() {
  return ProfileError(400, "\"tid\" parameter is not supported for this profile type");
}

Response BadLabels() {
  return ProfileError(400, "invalid value for \"labels\" - must be KEY=VALUE,KEY=VALUE...");
}

Response Download(std::string_view name, std::string body) {
  return {
      .content_type = "application/octet-stream",
      .headers = {{"Content-Disposition", "attachment; filename=\"" + std::string(name) + "\""}},
      .body = std::move(body)};
}

Response ProtoResponse(std::string_view name, const Recording& recording,
                       const ProfileContext& context) {
  StringStream compressed;
  GzipStream gzip(&compressed);
  Status status = WriteProto(recording, context, &gzip);
  if (status.ok()) status = gzip.Finish();
  if (!status.ok()) return ProfileError(500, status.text());
  return Download(name, compressed.contents());
}

// The difference to what was recorded when the client asked.
class Difference final : public Wait {
 public:
  Difference(int64_t due_ns, const KindSpec& kind, std::string name, LabelFilter filter,
             const Controller* controller)
      : Wait(due_ns),
        kind_(kind),
        name_(std::move(name)),
        filter_(std::move(filter)),
        controller_(*controller),
        before_(controller->Read(kind)) {}

  Response Finish() override {
    return ProtoResponse(name_ + "-delta",
                         filter_.Filtered(Since(before_, controller_.Read(kind_))),
                         controller_.Context());
  }

 private:
  const KindSpec& kind_;
  std::string name_;
  LabelFilter filter_;
  const Controller& controller_;
  Recording before_;
};

// A CPU profile, which ends with the client if that leaves.
class CpuWait final : public Wait {
 public:
  CpuWait(int64_t due_ns, LabelFilter filter, Controller* controller)
      : Wait(due_ns), filter_(std::move(filter)), controller_(*controller) {}
  ~CpuWait() override { controller_.EndClientCpu(); }

  Response Finish() override {
    const std::optional<CpuInterval> interval = controller_.EndClientCpu();
    if (!interval) return ProfileError(500, "the CPU profile was ended by somebody else");
    const ProfileContext context = controller_.Context();
    return ProtoResponse("profile", filter_.Filtered(interval->Record()), context);
  }

 private:
  LabelFilter filter_;
  Controller& controller_;
};

// The same by the wall clock.
class WallWait final : public Wait {
 public:
  WallWait(int64_t due_ns, LabelFilter filter, Controller* controller)
      : Wait(due_ns), filter_(std::move(filter)), controller_(*controller) {}
  ~WallWait() override {
    if (!is_finished_) controller_.EndClientWall();
  }

  Response Finish() override {
    is_finished_ = true;
    const std::optional<Recording> recording = controller_.EndClientWall();
    if (!recording) return ProfileError(500, "the profile was ended by somebody else");
    return ProtoResponse("wall", filter_.Filtered(*recording), controller_.Context());
  }

 private:
  LabelFilter filter_;
  Controller& controller_;
  bool is_finished_ = false;
};

Response ConfigPage(Controller* controller) {
  Response response;
  for (const std::string& line : RunVerb(*controller, "options", {}).lines) {
    response.body += line + "\n";
  }
  return response;
}

Response CommandLinePage() {
  std::string arguments;
  ReadFile(ProcSelf("cmdline"), &arguments);
  if (arguments.ends_with('\0')) arguments.pop_back();
  return {.body = std::move(arguments)};
}

Response FilePage(const std::string& path) {
  std::string contents;
  if (!ReadFile(path, &contents)) return ProfileError(500, "cannot read " + path);
  return {.body = std::move(contents)};
}

int64_t CountOf(const KindSpec& kind, const Controller& controller) {
  if (kind.record == nullptr) return 0;
  const Recording recording = controller.Read(kind);
  if (kind.kind != Kind::kGoroutine) return static_cast<int64_t>(recording.samples.size());
  int64_t threads = 0;
  for (const RecordedSample& sample : recording.samples) threads += sample.values[0];
  return threads;
}

Response Index(const Controller& controller) {
  std::vector<IndexRow> rows = {
      {"cmdline", "The command line of the program."},
      {"symbol",
       "Names of program counters: numbers joined by '+', as the raw query of GET or the body of "
       "POST."},
      {"maps", "The memory map of the process, as the kernel shows it."},
      {"config", "The options of the agent with their values."},
      {"memstats", "What the allocator and the kernel say about the process's memory."},
  };
  for (const KindSpec& kind : KindTable()) {
    rows.push_back({kind.kind == Kind::kCpu ? "profile" : std::string(kind.name), kind.description,
                    CountOf(kind, controller)});
  }
  for (const KindSpec* kind : CustomKinds()) {
    rows.push_back({std::string(kind->name), kind->description, CountOfCustom(*kind)});
  }
  return {.content_type = "text/html; charset=utf-8", .body = IndexPage(rows)};
}

}  // namespace

Answer Endpoints::CpuTime(const Request& request) {
  const std::string event = QueryValue(request.query, "event");
  if (event == "wall") return WallTime(request);
  if (!event.empty() && event != "cpu") {
    return {ProfileError(400, "invalid value for \"event\" - must be cpu or wall")};
  }
  if (!QueryValue(request.query, "tid").empty()) return {NoSuchThreads()};
  const std::string text = QueryValue(request.query, "seconds");
  const std::optional<int64_t> duration_ns = SecondsParameter(text);
  // As Go does; but a number too large is no reason for 30 seconds.
  if (!duration_ns && IntegerParameter(text) > kMaxSeconds) return {BadSeconds(text)};
  const std::string rate_text = QueryValue(request.query, "hz");
  std::optional<int> rate_hz;
  if (!rate_text.empty()) {
    rate_hz = RateParameter(rate_text, kMaxCpuRate);
    if (!rate_hz) return {BadRate(kMaxCpuRate)};
  }
  const std::optional<LabelFilter> filter = LabelFilter::Parse(QueryValue(request.query, "labels"));
  if (!filter) return {BadLabels()};
  if (Status status = controller_.BeginClientCpu(rate_hz); !status.ok()) {
    return {ProfileError(500, "Could not enable CPU profiling: " + status.text())};
  }
  const int64_t due_ns = MonotonicClock() + duration_ns.value_or(kDefaultCpuNs);
  return {{}, std::make_unique<CpuWait>(due_ns, *filter, &controller_)};
}

Answer Endpoints::WallTime(const Request& request) {
  const std::string seconds = QueryValue(request.query, "seconds");
  const std::optional<int64_t> duration_ns = SecondsParameter(seconds);
  if (!duration_ns && IntegerParameter(seconds) > kMaxSeconds) return {BadSeconds(seconds)};
  const std::string rate_text = QueryValue(request.query, "hz");
  const std::optional<int> rate_hz =
      rate_text.empty() ? kDefaultWallRate : RateParameter(rate_text, kMaxWallRate);
  if (!rate_hz) return {BadRate(kMaxWallRate)};
  const std::string thread = QueryValue(request.query, "tid");
  const std::optional<int32_t> tid = ThreadParameter(thread);
  if (!thread.empty() && !tid) return {BadThread()};
  const std::optional<LabelFilter> filter = LabelFilter::Parse(QueryValue(request.query, "labels"));
  if (!filter) return {BadLabels()};
  if (Status status = controller_.BeginClientWall(*rate_hz, tid); !status.ok()) {
    return {ProfileError(500, "Could not enable wall clock profiling: " + status.text())};
  }
  const int64_t due_ns = MonotonicClock() + duration_ns.value_or(kDefaultCpuNs);
  return {{}, std::make_unique<WallWait>(due_ns, *filter, &controller_)};
}

Answer Endpoints::Recorded(const KindSpec& kind, std::string_view name, const Request& request) {
  const int64_t debug = IntegerParameter(QueryValue(request.query, "debug"));
  const std::string seconds = QueryValue(request.query, "seconds");
  std::optional<int64_t> duration_ns;
  if (!seconds.empty()) {
    duration_ns = SecondsParameter(seconds);
    if (!duration_ns) return {BadSeconds(seconds)};
    if (debug != 0) return {ProfileError(400, "seconds and debug params are incompatible")};
  }
  const std::optional<LabelFilter> filter = LabelFilter::Parse(QueryValue(request.query, "labels"));
  if (!filter) return {BadLabels()};
  const std::string thread = QueryValue(request.query, "tid");
  const std::optional<int32_t> tid = ThreadParameter(thread);
  if (!thread.empty() && !tid) return {BadThread()};
  if (tid && (kind.kind != Kind::kGoroutine || duration_ns)) return {NoSuchThreads()};
  const bool is_heap = kind.kind == Kind::kHeap || kind.kind == Kind::kAllocs;
  if (is_heap && IntegerParameter(QueryValue(request.query, "gc")) > 0 && !ReleaseFreeMemory()) {
    Log(LogLevel::kWarn,
        "gc=1: no memory given back: the allocator does not answer (a thread may hang with its "
        "locks held)");
  }
  const ProfileContext context = controller_.Context();
  if (duration_ns) {
    const int64_t due_ns = MonotonicClock() + *duration_ns;
    return {{},
            std::make_unique<Difference>(due_ns, kind, std::string(name), *filter, &controller_)};
  }
  if (debug > 0 && kind.text_form == TextForm::kThreads) {
    return {{.body = ThreadsText(debug, name, [&](const hot::ThreadSample& sample) {
               return filter->Admits(sample.stack) && (!tid || sample.tid == *tid);
             })}};
  }
  if (debug > 0 && kind.text_form != TextForm::kNone) {
    const std::string stats = kind.text_form == TextForm::kHeap ? MemoryStats() : std::string();
    return {{.source = std::make_unique<ProfileText>(filter->Filtered(controller_.Read(kind)),
                                                     TextOptions{std::string(name), stats})}};
  }
  Recording recording = tid ? RecordThread(kind, *tid) : controller_.Read(kind);
  return {ProtoResponse(name, filter->Filtered(std::move(recording)), context)};
}

Answer Endpoints::Profile(std::string_view name, const Request& request) {
  const bool is_symbol = IsSymbol(name, request);
  if (!IsReading(request) && !(is_symbol && request.method == "POST")) {
    return {NotAllowed(is_symbol ? "GET, HEAD, POST" : "GET, HEAD")};
  }
  if (name == "cmdline") return {CommandLinePage()};
  if (is_symbol) return {SymbolPage(request)};
  if (name == "memstats") return {{.body = MemoryStats()}};
  if (name == "config") return {ConfigPage(&controller_)};
  if (name == "maps") return {FilePage(ProcSelf("maps"))};
  const KindSpec* kind = FindKind(name);
  if (kind == nullptr) kind = FindCustomKind(name);
  if (kind == nullptr) return {ProfileError(404, "Unknown profile")};
  if (kind->kind == Kind::kWall) return WallTime(request);
  if (kind->record == nullptr) return CpuTime(request);
  return Recorded(*kind, name, request);
}

Answer Endpoints::Handle(const Request& request, const Client& client) {
  if (std::optional<Response> refusal = RefuseForeign(request, client)) {
    return {std::move(*refusal)};
  }
  const std::string_view path = request.path;
  if (path == kPrefix.substr(0, kPrefix.size() - 1)) {
    return {{.status = 301,
             .content_type = "text/html; charset=utf-8",
             .headers = {{"Location", std::string(kPrefix)}},
             .body = "<a href=\"/debug/pprof/\">Moved Permanently</a>.\n\n"}};
  }
  if (path == kPrefix) {
    if (!IsReading(request)) return {NotAllowed("GET, HEAD")};
    return {Index(controller_)};
  }
  if (path.starts_with(kControlPrefix)) {
    return {ControlPage(path.substr(kControlPrefix.size()), request, client, &controller_)};
  }
  for (const std::string_view prefix : {kPrefix, kGperftoolsPrefix}) {
    if (path.starts_with(prefix)) return Profile(path.substr(prefix.size()), request);
  }
  return {NotFound()};
}

}  // namespace pprofagent::service
