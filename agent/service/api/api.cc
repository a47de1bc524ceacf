// SPDX-License-Identifier: Apache-2.0
#include "agent/service/api/api.h"

#include <errno.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/hot/controls.h"
#include "agent/service/control/controller.h"
#include "agent/service/control/jobs.h"
#include "agent/service/endpoints/mounted.h"
#include "agent/service/profile/custom_profiles.h"
#include "agent/service/profile/recording.h"
#include "agent/service/sink/gzip.h"
#include "agent/service/text/memory_stats.h"
#include "agent/service/text/profile_text.h"
#include "agent/service/text/thread_text.h"

namespace pprofagent::service {
namespace {

// The handle of a profile is its row in the table of kinds.
const KindSpec* KindOf(const pprofagent_profile* profile) {
  return reinterpret_cast<const KindSpec*>(profile);
}

pprofagent_profile* HandleOf(const KindSpec* kind) {
  // The program gets no more out of it than it puts in.
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast)
  return reinterpret_cast<pprofagent_profile*>(const_cast<KindSpec*>(kind));
}

// Our part of a call: unrecorded, errno kept, out of memory told as -EAGAIN.
template <typename Work>
auto Guarded(const Work& work) -> decltype(work()) {
  const int saved_errno = errno;
  const hot::Unrecorded unrecorded;
  decltype(work()) result;
  try {
    result = work();
  } catch (const std::bad_alloc&) {
    result = static_cast<decltype(work())>(-EAGAIN);
  }
  errno = saved_errno;
  return result;
}

// On the helper; -EPERM in a sandbox, where none may be woken.
int OnHelper(const std::function<int(Controller&)>& work) {
  if (hot::InSandbox()) return -EPERM;
  int result = -EAGAIN;
  const bool done = RunOnHelper([&](Controller& controller) {
    try {
      result = work(controller);
    } catch (const std::bad_alloc&) {
      result = -EAGAIN;
    }
  });
  return done ? result : -EAGAIN;
}

Status Compress(const Recording& recording, const ProfileContext& context, std::string* bytes) {
  StringStream stream;
  GzipStream gzip(&stream);
  Status status = WriteProto(recording, context, &gzip);
  if (status.ok()) status = gzip.Finish();
  *bytes = stream.contents();
  return status;
}

int Pass(const std::string& bytes, pprofagent_write_fn write, void* context) {
  return write(context, bytes.data(), bytes.size()) == 0 ? 0 : -EIO;
}

// The program's function is called as the program, everything else is ours. A
// negative size of a piece is an error.
template <typename Take>
int64_t ForEachPiece(ByteSource* source, const Take& take) {
  std::string piece;
  for (;;) {
    const auto has_more = Guarded([&]() -> int64_t {
      piece.clear();
      return source->Next(&piece) ? 1 : 0;
    });
    if (has_more <= 0) return has_more;
    if (const int error = take(piece); error != 0) return error;
  }
}

int PassAll(ByteSource* source, pprofagent_write_fn write, void* context) {
  return static_cast<int>(
      ForEachPiece(source, [&](const std::string& piece) { return Pass(piece, write, context); }));
}

// What it will give, which is then to be had once more; or an error.
int64_t SizeOf(ByteSource* source) {
  int64_t size = 0;
  const int64_t error = ForEachPiece(source, [&](const std::string& piece) {
    size += static_cast<int64_t>(piece.size());
    return 0;
  });
  source->Restart();
  return error < 0 ? error : size;
}

// --- CPU ----------------------------------------------------------------------

struct CpuClient {
  pprofagent_write_fn write;
  void* context;
};
// Only the helper touches it.
constinit CpuClient cpu_client = {};

int CpuStart(pprofagent_write_fn write, void* context) {
  if (write == nullptr) return -EINVAL;
  return Guarded([&] {
    return OnHelper([&](Controller& controller) {
      if (controller.IsClientCpuRunning()) return -EBUSY;
      if (!controller.BeginClientCpu().ok()) return -ENOTSUP;
      cpu_client = {write, context};
      return 0;
    });
  });
}

int CpuStop() {
  std::string bytes;
  CpuClient client = {};
  const int result = Guarded([&] {
    return OnHelper([&](Controller& controller) {
      if (cpu_client.write == nullptr) return -EINVAL;
      const std::optional<CpuInterval> interval = controller.EndClientCpu();
      client = std::exchange(cpu_client, {});
      if (!interval) return -EINVAL;
      const ProfileContext context = controller.Context();
      return Compress(interval->Record(), context, &bytes).ok() ? 0 : -EAGAIN;
    });
  });
  return result == 0 ? Pass(bytes, client.write, client.context) : result;
}

// --- Rates --------------------------------------------------------------------

int64_t SetHeapRate(int64_t bytes) {
  const int64_t before = hot::HeapRate();
  if (bytes >= 0) hot::SetHeapRate(bytes);
  return before;
}

int64_t SetMutexFraction(int64_t fraction) {
  const int64_t before = hot::MutexFraction();
  if (fraction >= 0) hot::SetMutexFraction(fraction);
  return before;
}

int64_t SetBlockRate(int64_t nanoseconds) {
  const int64_t before = hot::BlockRate();
  if (nanoseconds >= 0) hot::SetBlockRate(nanoseconds);
  return before;
}

// --- Profiles by name ---------------------------------------------------------

bool IsProfile(const KindSpec* kind) { return kind != nullptr && kind->record != nullptr; }

pprofagent_profile* Lookup(const char* name) {
  if (name == nullptr) return nullptr;
  const KindSpec* kind = FindKind(name);
  if (kind == nullptr) kind = FindCustomKind(name);
  return IsProfile(kind) ? HandleOf(kind) : nullptr;
}

int Create(const char* name, pprofagent_profile** profile) {
  if (profile == nullptr) return -EINVAL;
  *profile = nullptr;
  if (name == nullptr || *name == '\0' || std::string_view(name).size() > kLongestProfileName) {
    return -EINVAL;
  }
  return Guarded([&] {
    if (FindKind(name) != nullptr) return -EPERM;
    bool is_new = false;
    *profile = HandleOf(MakeCustomKind(name, &is_new));
    return is_new ? 0 : -EEXIST;
  });
}

std::vector<const KindSpec*> AllProfiles() {
  std::vector<const KindSpec*> kinds = CustomKinds();
  for (const KindSpec& kind : KindTable()) {
    if (IsProfile(&kind)) kinds.push_back(&kind);
  }
  std::sort(kinds.begin(), kinds.end(),
            [](const KindSpec* a, const KindSpec* b) { return a->name < b->name; });
  return kinds;
}

size_t List(pprofagent_profile** profiles, size_t capacity) {
  const auto count = Guarded([&]() -> int64_t {
    const std::vector<const KindSpec*> kinds = AllProfiles();
    for (size_t i = 0; i < std::min(capacity, kinds.size()); ++i) profiles[i] = HandleOf(kinds[i]);
    return static_cast<int64_t>(kinds.size());
  });
  return count > 0 ? static_cast<size_t>(count) : 0;
}

// Names are literals or a std::string's, and so end in a zero.
// NOLINTNEXTLINE(bugprone-suspicious-stringview-data-usage)
const char* Name(const pprofagent_profile* profile) { return KindOf(profile)->name.data(); }

int64_t Count(pprofagent_profile* profile) {
  const KindSpec* kind = KindOf(profile);
  if (kind == nullptr) return -EINVAL;
  if (kind->kind == Kind::kCustom) return CountOfCustom(*kind);
  return Guarded([&] {
    int64_t count = 0;
    const int result = OnHelper([&](Controller& controller) {
      const Recording recording = controller.Read(*kind);
      count = static_cast<int64_t>(recording.samples.size());
      if (kind->kind != Kind::kGoroutine) return 0;
      count = 0;
      for (const RecordedSample& sample : recording.samples) count += sample.values[0];
      return 0;
    });
    return result == 0 ? count : result;
  });
}

std::unique_ptr<ByteSource> TextOf(const KindSpec& kind, const Controller& controller) {
  const std::string stats = kind.text_form == TextForm::kHeap ? MemoryStats() : std::string();
  return std::make_unique<ProfileText>(controller.Read(kind),
                                       TextOptions{std::string(kind.name), stats});
}

int Write(pprofagent_profile* profile, int debug, pprofagent_write_fn write, void* context) {
  const KindSpec* kind = KindOf(profile);
  if (kind == nullptr || write == nullptr || debug < 0) return -EINVAL;
  if (debug != 0 && kind->text_form == TextForm::kNone) return -EINVAL;
  std::string bytes;
  std::unique_ptr<ByteSource> source;
  int result = Guarded([&] {
    return OnHelper([&](Controller& controller) {
      if (debug == 0) {
        return Compress(controller.Read(*kind), controller.Context(), &bytes).ok() ? 0 : -EAGAIN;
      }
      if (kind->text_form == TextForm::kThreads) {
        bytes = ThreadsText(debug, kind->name);
      } else {
        source = TextOf(*kind, controller);
      }
      return 0;
    });
  });
  if (result == 0 && source == nullptr) result = Pass(bytes, write, context);
  if (result == 0 && source != nullptr) result = PassAll(source.get(), write, context);
  Guarded([&] { return source.reset(), 0; });
  return result;
}

int Dump(pprofagent_profile* profile, const char* path) {
  const KindSpec* kind = KindOf(profile);
  if (kind == nullptr || (path != nullptr && *path == '\0')) return -EINVAL;
  return Guarded([&] {
    return OnHelper([&](Controller& controller) {
      const Status status =
          path == nullptr ? controller.Dump({kind}).status : controller.DumpTo(*kind, path);
      return status.ok() ? 0 : -EIO;
    });
  });
}

// --- Profiles of the program's own ----------------------------------------------

int Add(pprofagent_profile* profile, const void* key, int64_t value, int skip) {
  const KindSpec* kind = KindOf(profile);
  if (kind == nullptr || key == nullptr || skip < 0) return -EINVAL;
  if (kind->kind != Kind::kCustom) return -EPERM;
  return Guarded([&] {
    const hot::StackView stack = hot::CaptureStack(static_cast<uint32_t>(skip));
    return AddToCustom(*kind, key, value, stack) == CustomResult::kOk ? 0 : -EEXIST;
  });
}

int Remove(pprofagent_profile* profile, const void* key) {
  const KindSpec* kind = KindOf(profile);
  if (kind == nullptr || key == nullptr) return -EINVAL;
  if (kind->kind != Kind::kCustom) return -EPERM;
  return Guarded([&] { return RemoveFromCustom(*kind, key) == CustomResult::kOk ? 0 : -ENOENT; });
}

// --- Labels -----------------------------------------------------------------------
//
// Without the helper and without allocating: a server sets them for every request.

int LabelsWith(pprofagent_labels base, const pprofagent_label* added, size_t count,
               pprofagent_labels* made) {
  if (made == nullptr || (added == nullptr && count != 0)) return -EINVAL;
  if (count > hot::kMostLabels) return -E2BIG;
  hot::Label labels[hot::kMostLabels];
  for (size_t i = 0; i < count; ++i) labels[i] = {added[i].key, added[i].value};
  switch (hot::FindLabelSet(base, labels, count, made)) {
    case hot::MakeLabels::kOk:
      return 0;
    case hot::MakeLabels::kInvalid:
      return -EINVAL;
    case hot::MakeLabels::kTooLong:
      return -E2BIG;
    case hot::MakeLabels::kNotText:
      return -EILSEQ;
    case hot::MakeLabels::kFull:
      break;
  }
  return -ENOSPC;
}

int LabelsSet(pprofagent_labels labels) {
  if (hot::SetLabels(labels)) return 0;
  return labels != 0 && hot::LabelsOf(labels).count == 0 ? -EINVAL : -EAGAIN;
}

pprofagent_labels LabelsGet() { return hot::CurrentLabels(); }

size_t LabelsList(pprofagent_labels labels, pprofagent_label* found, size_t capacity) {
  const hot::LabelsView set = hot::LabelsOf(labels);
  for (size_t i = 0; i < std::min<size_t>(capacity, set.count); ++i) {
    found[i] = {set.labels[i].key, set.labels[i].value};
  }
  return set.count;
}

// --- HTTP -------------------------------------------------------------------------

// The size is told first, for which a long body is made twice rather than kept.
int PassResponse(const Response& response, bool is_head, const pprofagent_http_response& to) {
  ByteSource* source = response.source.get();
  const int64_t size =
      source != nullptr ? SizeOf(source) : static_cast<int64_t>(response.body.size());
  if (size < 0) return static_cast<int>(size);
  std::vector<pprofagent_http_header> headers;
  const int listed = Guarded([&] {
    headers = {{"Content-Type", response.content_type.c_str()},
               {"X-Content-Type-Options", "nosniff"}};
    for (const auto& [name, value] : response.headers) {
      headers.push_back({name.c_str(), value.c_str()});
    }
    return 0;
  });
  if (listed != 0) return listed;
  if (to.head(to.context, response.status, headers.data(), headers.size(),
              static_cast<size_t>(size)) != 0) {
    return -EIO;
  }
  if (is_head || size == 0) return 0;
  if (source != nullptr) return PassAll(source, to.write, to.context);
  return Pass(response.body, to.write, to.context);
}

int HttpHandle(const pprofagent_http_request* request, const pprofagent_http_response* response) {
  if (request == nullptr || response == nullptr || request->method == nullptr ||
      request->prefix == nullptr || request->target == nullptr || response->head == nullptr ||
      response->write == nullptr || (request->body == nullptr && request->body_size != 0)) {
    return -EINVAL;
  }
  const std::string_view body(request->body == nullptr ? "" : request->body, request->body_size);
  MountedCall call;
  const auto result = [](bool done) { return done ? 0 : -EAGAIN; };
  int status = Guarded([&] {
    if (hot::InSandbox()) return -EPERM;
    return result(call.Begin({request->method, request->prefix, request->target, body}));
  });
  while (status == 0 && !call.WaitABit()) {
    if (request->is_gone == nullptr || request->is_gone(request->context) == 0) continue;
    status = -ECANCELED;
  }
  if (status == 0) status = Guarded([&] { return result(call.Finish()); });
  if (status != 0) {
    Guarded([&] { return call.Abandon(), 0; });
    return status;
  }
  return PassResponse(call.response(), std::string_view(request->method) == "HEAD", *response);
}

constexpr pprofagent_api kTable = {
    .abi = PPROFAGENT_ABI,
    .size = sizeof(pprofagent_api),
    .cpu_start = CpuStart,
    .cpu_stop = CpuStop,
    .set_heap_rate = SetHeapRate,
    .set_mutex_fraction = SetMutexFraction,
    .set_block_rate = SetBlockRate,
    .lookup = Lookup,
    .create = Create,
    .list = List,
    .name = Name,
    .count = Count,
    .add = Add,
    .remove = Remove,
    .write = Write,
    .dump = Dump,
    .labels_with = LabelsWith,
    .labels_set = LabelsSet,
    .labels_get = LabelsGet,
    .labels_list = LabelsList,
    .http_handle = HttpHandle,
};

}  // namespace

const pprofagent_api& ApiTable() { return kTable; }

}  // namespace pprofagent::service
