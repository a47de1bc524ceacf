// SPDX-License-Identifier: Apache-2.0
//
// pprofagent's interface for C++20 programs, header only, over pprofagent.h,
// whose promises hold here as well: nothing to link, harmless without the agent,
// any thread, no signal handlers.
//
// Errors are std::error_code of the generic category; function_not_supported
// (ENOSYS): no agent is there. Nothing throws but what the program's own writer
// throws (see writer) and std::bad_alloc.
#pragma once

#include <pprofagent/pprofagent.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <functional>
#include <initializer_list>
#include <ostream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace pprofagent {

// Whether an agent is there and active in this process.
[[nodiscard]] inline bool present() noexcept { return ::pprofagent_present() != 0; }

// Gets a profile's bytes in order; false ends the writing. What it throws passes
// through the function that writes (from a destructor it is swallowed).
using writer = std::function<bool(std::string_view)>;

// A writer into a stream, which must outlive it.
[[nodiscard]] inline writer to(std::ostream& stream) {
  return [&stream](std::string_view bytes) {
    stream.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return stream.good();
  };
}

namespace detail {

inline std::error_code error(std::int64_t result) {
  return result < 0 ? std::error_code(static_cast<int>(-result), std::generic_category())
                    : std::error_code();
}

// No exception may pass the agent's frames: it waits here until they are gone.
struct sink {
  const writer& write;
  std::exception_ptr thrown;

  static int call(void* context, const void* bytes, std::size_t size) noexcept {
    auto& self = *static_cast<sink*>(context);
    try {
      return self.write({static_cast<const char*>(bytes), size}) ? 0 : 1;
    } catch (...) {
      self.thrown = std::current_exception();
      return 1;
    }
  }
  void rethrow() const {
    if (thrown) std::rethrow_exception(thrown);
  }
};

}  // namespace detail

// A CPU profile of all threads, from its construction to stop() or its end:
//
//   std::ofstream file("cpu.pb.gz", std::ios::binary);
//   pprofagent::cpu_profile profile(pprofagent::to(file));
//   work();
//
// At most one at a time; a second one has an error and records nothing.
class cpu_profile {
 public:
  explicit cpu_profile(writer write) : write_(std::move(write)) {
    error_ = detail::error(::pprofagent_cpu_start(&detail::sink::call, &sink_));
    running_ = !error_;
  }
  cpu_profile(const cpu_profile&) = delete;
  cpu_profile& operator=(const cpu_profile&) = delete;
  ~cpu_profile() {
    if (running_) ::pprofagent_cpu_stop();
  }

  // Whether it records.
  explicit operator bool() const noexcept { return running_; }
  // Why it does not: device_or_resource_busy, not_supported,
  // function_not_supported.
  [[nodiscard]] std::error_code error() const noexcept { return error_; }

  // Ends it and writes it, on this thread; returns after the last byte.
  // invalid_argument: it does not run; io_error: the writer refused.
  std::error_code stop() {
    if (!running_) return std::make_error_code(std::errc::invalid_argument);
    running_ = false;
    const std::error_code result = detail::error(::pprofagent_cpu_stop());
    sink_.rethrow();
    return result;
  }

 private:
  writer write_;
  detail::sink sink_{write_, nullptr};
  std::error_code error_;
  bool running_ = false;
};

// A kind of profile, the agent's or one of the program's own. A handle: copies
// are the same profile, which is there as long as the process. An empty one
// (there is none of this name, no agent) answers every call with
// invalid_argument, or function_not_supported.
class profile {
 public:
  profile() = default;
  explicit profile(pprofagent_profile* handle) noexcept : handle_(handle) {}

  // Empty if there is none.
  [[nodiscard]] static profile lookup(const std::string& name) {
    return profile(::pprofagent_lookup(name.c_str()));
  }
  // One of the program's own, new; or the one of this name if the program has
  // made it before. Empty without an agent, for a bad name, and for the name of
  // one of the agent's.
  [[nodiscard]] static profile create(const std::string& name) {
    pprofagent_profile* handle = nullptr;
    ::pprofagent_create(name.c_str(), &handle);  // -EEXIST: it is that one
    return profile(handle);
  }
  // All there are, by name.
  [[nodiscard]] static std::vector<profile> all() {
    std::vector<pprofagent_profile*> handles(::pprofagent_list(nullptr, 0));
    const std::size_t count = ::pprofagent_list(handles.data(), handles.size());
    if (count < handles.size()) handles.resize(count);
    return {handles.begin(), handles.end()};
  }

  explicit operator bool() const noexcept { return handle_ != nullptr; }
  [[nodiscard]] std::string_view name() const { return ::pprofagent_name(handle_); }
  // Entries, threads or stacks (pprofagent_count); 0 of an empty one.
  [[nodiscard]] std::size_t count() const {
    const std::int64_t count = ::pprofagent_count(handle_);
    return count > 0 ? static_cast<std::size_t>(count) : 0;
  }

  // Writes what it has at this moment, as compressed profile.proto, or as text
  // (pprofagent_write says which debug gives what). io_error: the writer refused.
  std::error_code write(const writer& write, int debug = 0) const {
    detail::sink sink{write, nullptr};
    const std::error_code result =
        detail::error(::pprofagent_write(handle_, debug, &detail::sink::call, &sink));
    sink.rethrow();
    return result;
  }
  // Into a file, whole or not at all; without a path into the dump directory.
  std::error_code dump() const { return detail::error(::pprofagent_dump(handle_, nullptr)); }
  std::error_code dump(const std::string& path) const {
    return detail::error(::pprofagent_dump(handle_, path.c_str()));
  }

  // Of the program's own: puts a thing in with the caller's stack, takes it out.
  // file_exists: it is in already; no_such_file_or_directory: it is not in;
  // operation_not_permitted: the profile is the agent's.
  std::error_code add(const void* key, std::int64_t value = 1, int skip = 0) const {
    return detail::error(::pprofagent_add(handle_, key, value, skip));
  }
  std::error_code remove(const void* key) const {
    return detail::error(::pprofagent_remove(handle_, key));
  }

  [[nodiscard]] pprofagent_profile* handle() const noexcept { return handle_; }

 private:
  pprofagent_profile* handle_ = nullptr;
};

// Keeps the object it is a member of in a profile while that is alive:
//
//   class connection { ...  pprofagent::tracked tracked_{connections, this}; };
class tracked {
 public:
  tracked(const profile& in, const void* key) : profile_(in), key_(key) {
    is_in_ = !profile_.add(key_, 1, 0);
  }
  tracked(const tracked&) = delete;
  tracked& operator=(const tracked&) = delete;
  ~tracked() {
    if (is_in_) profile_.remove(key_);
  }

 private:
  profile profile_;
  const void* key_;
  bool is_in_ = false;
};

// As profile::lookup("heap").write(write).
inline std::error_code write_heap(const writer& write) {
  return profile::lookup("heap").write(write);
}

// A set of labels: which request a thread serves, for whom. Immutable; a copy is
// four bytes, and valid as long as the process. Without an agent every set is empty.
class label_set {
 public:
  using label = std::pair<std::string, std::string>;

  label_set() = default;
  explicit label_set(pprofagent_labels handle) noexcept : handle_(handle) {}

  // The calling thread's.
  [[nodiscard]] static label_set current() noexcept { return label_set(::pprofagent_labels_get()); }

  // This set with further labels, of which a later one replaces one of the same key
  // and an empty value takes its key out. If it cannot be had (pprofagent_labels_with
  // says why), `*error` is set and the result is this set.
  [[nodiscard]] label_set with(std::initializer_list<label> added,
                               std::error_code* error = nullptr) const {
    std::array<pprofagent_label, 32> labels = {};  // as many as a set may have
    int result = !present() ? -ENOSYS : added.size() > labels.size() ? -E2BIG : 0;
    std::size_t count = 0;
    for (const label& each : added) {
      if (result != 0) break;
      // What C would take for the end of the text.
      const bool has_zero =
          each.first.find('\0') != std::string::npos || each.second.find('\0') != std::string::npos;
      if (has_zero) result = -EILSEQ;
      labels[count++] = {each.first.c_str(), each.second.c_str()};
    }
    pprofagent_labels made = handle_;
    if (result == 0) result = ::pprofagent_labels_with(handle_, labels.data(), count, &made);
    if (error != nullptr) *error = detail::error(result);
    return result == 0 ? label_set(made) : *this;
  }

  // What is in it, by key.
  [[nodiscard]] std::vector<label> list() const {
    std::vector<pprofagent_label> labels(::pprofagent_labels_list(handle_, nullptr, 0));
    ::pprofagent_labels_list(handle_, labels.data(), labels.size());
    std::vector<label> list;
    for (const pprofagent_label& each : labels) list.emplace_back(each.key, each.value);
    return list;
  }
  // The text of one; empty if it is not in.
  [[nodiscard]] std::string value(std::string_view key) const {
    for (label& each : list()) {
      if (each.first == key) return std::move(each.second);
    }
    return {};
  }

  [[nodiscard]] pprofagent_labels handle() const noexcept { return handle_; }
  friend bool operator==(label_set, label_set) = default;

 private:
  pprofagent_labels handle_ = 0;
};

// Every sample that is taken of this thread, for whichever profile, has these
// labels besides those it had before, from here to the end of the block, where it
// has the former ones again. Threads made meanwhile begin with them:
//
//   pprofagent::labels labels{{"user", user}, {"path", path}};
//
// Blocks nest. The object must be destroyed by the thread that made it.
class labels {
 public:
  labels(std::initializer_list<label_set::label> added) {
    const label_set set = former_.with(added, &error_);
    if (!error_) error_ = detail::error(::pprofagent_labels_set(set.handle()));
  }
  // This set instead of what it had: another thread's, or one made before for speed.
  explicit labels(label_set set) : error_(detail::error(::pprofagent_labels_set(set.handle()))) {}
  labels(const labels&) = delete;
  labels& operator=(const labels&) = delete;
  ~labels() { ::pprofagent_labels_set(former_.handle()); }

  // Why the thread has not got them.
  [[nodiscard]] std::error_code error() const noexcept { return error_; }

 private:
  label_set former_ = label_set::current();
  std::error_code error_;
};

// Calls the function under these labels, as Go's pprof.Do.
template <typename Function>
decltype(auto) with_labels(std::initializer_list<label_set::label> added, Function&& function) {
  const labels scope(added);
  return std::forward<Function>(function)();
}

// The function, to be called under the labels that this thread has now, on whatever
// thread that will be: for thread pools.
template <typename Function>
[[nodiscard]] auto bind_labels(Function&& function) {
  return [set = label_set::current(), function = std::forward<Function>(function)](
             auto&&... arguments) mutable -> decltype(auto) {
    const labels scope(set);
    return function(std::forward<decltype(arguments)>(arguments)...);
  };
}

// The agent's endpoints in the program's own server, at any path, behind the
// program's own authentication; see pprofagent_http_handle.
//
//   server.Get("/admin/pprof.*", [](const auto& request, auto& response) {
//     if (!is_admin(request)) return refuse(response);
//     auto answer = pprofagent::http::handle({.prefix = "/admin/pprof", .target = request.target});
//     ...
//   });
namespace http {

struct request {
  std::string method = "GET";
  std::string prefix = {};  // "/admin/pprof"
  std::string target = {};  // as the client sent it: "/admin/pprof/heap?debug=1"
  std::string body = {};
  // Whether the client has left; asked while a profile over an interval is taken. May
  // be empty.
  std::function<bool()> is_gone = {};
};

using headers = std::vector<std::pair<std::string, std::string>>;

struct response {
  int status = 0;
  // Without Content-Length, Date and Connection.
  http::headers headers = {};
  std::string body = {};
  // The Content-Length; of an answer to HEAD without the body.
  std::size_t body_size = 0;
};

// Gets an answer in pieces: the head, then the body. False ends it. What they throw
// passes through handle().
struct sink {
  std::function<bool(int status, const http::headers& headers, std::size_t body_size)> head;
  writer body;
};

namespace detail {

struct call {
  const http::request& request;
  const http::sink& to;
  std::exception_ptr thrown = {};

  // 1 if `function` says so or throws.
  template <typename Function>
  int guarded(const Function& function) noexcept {
    try {
      return function() ? 1 : 0;
    } catch (...) {
      thrown = std::current_exception();
      return 1;
    }
  }
  static int is_gone(void* context) noexcept {
    auto& self = *static_cast<call*>(context);
    return self.guarded([&] { return self.request.is_gone(); });
  }
  static int head(void* context, int status, const pprofagent_http_header* list, std::size_t count,
                  std::size_t body_size) noexcept {
    auto& self = *static_cast<call*>(context);
    return self.guarded([&] {
      http::headers headers;
      for (std::size_t i = 0; i < count; ++i) headers.emplace_back(list[i].name, list[i].value);
      return !self.to.head(status, headers, body_size);
    });
  }
  static int write(void* context, const void* bytes, std::size_t size) noexcept {
    auto& self = *static_cast<call*>(context);
    return self.guarded([&] { return !self.to.body({static_cast<const char*>(bytes), size}); });
  }
};

}  // namespace detail

// Errors are those of pprofagent_http_handle: function_not_supported without an
// agent, operation_canceled if the client has left.
inline std::error_code handle(const request& request, const sink& to) {
  detail::call call{request, to};
  const pprofagent_http_request asked = {request.method.c_str(),
                                         request.prefix.c_str(),
                                         request.target.c_str(),
                                         request.body.data(),
                                         request.body.size(),
                                         request.is_gone ? &detail::call::is_gone : nullptr,
                                         &call};
  const pprofagent_http_response response = {&detail::call::head, &detail::call::write, &call};
  const int result = ::pprofagent_http_handle(&asked, &response);
  if (call.thrown) std::rethrow_exception(call.thrown);
  return pprofagent::detail::error(result);
}

// The answer as a whole. If there is none it is 503, and the body says why.
[[nodiscard]] inline response handle(const request& request) {
  response answer;
  const std::error_code error =
      handle(request, {.head =
                           [&](int status, const headers& list, std::size_t body_size) {
                             answer.status = status;
                             answer.headers = list;
                             answer.body_size = body_size;
                             return true;
                           },
                       .body =
                           [&](std::string_view bytes) {
                             answer.body.append(bytes);
                             return true;
                           }});
  if (!error) return answer;
  answer.status = 503;
  answer.headers = {{"Content-Type", "text/plain; charset=utf-8"}, {"X-Go-Pprof", "1"}};
  answer.body = error == std::errc::function_not_supported
                    ? "no profiling agent in this process (LD_PRELOAD=libpprofagent.so)\n"
                    : "the profiling agent cannot answer: " + error.message() + "\n";
  answer.body_size = answer.body.size();
  return answer;
}

}  // namespace http

// See pprofagent_set_mutex_fraction and pprofagent_set_block_rate.
inline std::int64_t set_mutex_fraction(std::int64_t fraction) {
  return ::pprofagent_set_mutex_fraction(fraction);
}
inline std::int64_t set_block_rate(std::chrono::nanoseconds rate) {
  return ::pprofagent_set_block_rate(rate.count());
}

// Mean bytes between two heap samples; returns the rate before, negative without
// an agent. A negative rate only asks.
inline std::int64_t set_heap_rate(std::int64_t bytes) { return ::pprofagent_set_heap_rate(bytes); }

}  // namespace pprofagent
