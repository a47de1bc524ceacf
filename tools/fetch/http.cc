// SPDX-License-Identifier: Apache-2.0
#include "tools/fetch/http.h"

#include <curl/curl.h>
#include <sys/stat.h>

#include <cstdlib>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <string_view>
#include <utility>

#include "tools/base/strings.h"
#include "tools/fetch/url.h"

namespace cpprof::fetch {
namespace {

// More than any profile, less than what hurts.
constexpr size_t kMaxAnswer = size_t{2} << 30;
// What the reference allows on top of the time the profile takes.
constexpr double kGraceSeconds = 5;
constexpr long kMaxRedirects = 10;
// For asking symbols, which has no time of its own.
constexpr double kPostSeconds = 60;

constexpr std::string_view kUnixScheme = "unix:";
constexpr std::string_view kInsecureScheme = "https+insecure://";

struct CurlCleanup {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
using CurlHandle = std::unique_ptr<CURL, CurlCleanup>;

struct HeaderCleanup {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

// What comes back. Header lines of the last answer only: redirects have answers too.
struct Answer {
  std::string status;  // "404 Not Found"
  bool pprof_error = false;
  bool plain_text = false;
  std::string body;
  bool too_long = false;
  Activity* activity = nullptr;  // to be told how much has come
};

size_t OnHeader(char* data, size_t size, size_t count, void* opaque) {
  auto* answer = static_cast<Answer*>(opaque);
  const std::string_view line = TrimSpace(std::string_view(data, size * count));
  if (line.starts_with("HTTP/")) {
    const size_t space = line.find(' ');
    Activity* const activity = answer->activity;
    *answer = Answer();
    answer->activity = activity;
    if (space != std::string_view::npos) answer->status = TrimSpace(line.substr(space));
    return size * count;
  }
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return size * count;
  const std::string name = AsciiLower(line.substr(0, colon));
  const std::string_view value = TrimSpace(line.substr(colon + 1));
  if (name == "x-go-pprof") answer->pprof_error = !value.empty();
  if (name == "content-type") {
    answer->plain_text = value.find("text/plain") != std::string_view::npos;
  }
  return size * count;
}

size_t OnBody(char* data, size_t size, size_t count, void* opaque) {
  auto* answer = static_cast<Answer*>(opaque);
  const size_t bytes = size * count;
  if (answer->body.size() + bytes > kMaxAnswer) {
    answer->too_long = true;
    return 0;
  }
  // An exception must not cross libcurl.
  try {
    answer->body.append(data, bytes);
  } catch (const std::bad_alloc&) {
    answer->too_long = true;
    return 0;
  }
  if (answer->activity != nullptr) answer->activity->SetBytes(answer->body.size());
  return bytes;
}

// Text for people: one line, without what could steer a terminal.
std::string OneLine(std::string_view text) {
  std::string line(TrimSpace(text));
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = ' ';
  }
  return line;
}

struct Target {
  std::string url;
  std::string socket;  // path of a Unix socket, or empty
  bool insecure = false;
};

bool IsSocket(const std::string& path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0 && S_ISSOCK(info.st_mode);
}

// unix:/run/app.sock/debug/pprof/heap: the socket ends where the file system says so.
Result<Target> UnixTarget(std::string_view text) {
  for (size_t end = text.find('/', 1); end != std::string_view::npos;
       end = text.find('/', end + 1)) {
    std::string socket(text.substr(0, end));
    if (IsSocket(socket)) {
      return Target{"http://localhost" + std::string(text.substr(end)), std::move(socket), false};
    }
  }
  const std::string path(text.substr(0, text.find('?')));
  if (IsSocket(path)) {
    return Status::Error("no path behind the socket " + path + "; say unix:" + path +
                         "/debug/pprof/heap, for example");
  }
  return Status::Error("no socket along the path " + path);
}

Result<Target> ResolveTarget(const std::string& url) {
  if (url.starts_with(kUnixScheme)) {
    return UnixTarget(std::string_view(url).substr(kUnixScheme.size()));
  }
  if (url.starts_with(kInsecureScheme)) {
    return Target{"https://" + url.substr(kInsecureScheme.size()), "", true};
  }
  return Target{url, "", false};
}

// The machine itself is never reached by way of a proxy.
bool IsLoopback(const std::string& url) {
  const auto parsed = ParseUrl(url);
  if (!parsed) return false;
  const std::string host = AsciiLower(parsed->host);
  const std::string_view name =
      std::string_view(host).substr(0, host.starts_with('[') ? host.find(']') + 1 : host.find(':'));
  return name == "localhost" || name.starts_with("127.") || name == "[::1]";
}

Status CheckTls(const TlsOptions& tls) {
  if (tls.certificate.empty() && !tls.key.empty()) {
    return Status::Error("-tls_key is specified, so -tls_cert must also be specified");
  }
  if (!tls.certificate.empty() && tls.key.empty()) {
    return Status::Error("-tls_cert is specified, so -tls_key must also be specified");
  }
  return Status::Ok();
}

void SetTls(CURL* handle, const TlsOptions& tls, bool insecure) {
  if (!tls.certificate.empty()) {
    curl_easy_setopt(handle, CURLOPT_SSLCERT, tls.certificate.c_str());
    curl_easy_setopt(handle, CURLOPT_SSLKEY, tls.key.c_str());
  }
  if (!tls.authority.empty()) curl_easy_setopt(handle, CURLOPT_CAINFO, tls.authority.c_str());
  if (insecure) {
    curl_easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, 0L);
  }
}

void SetTarget(CURL* handle, const Target& target) {
  curl_easy_setopt(handle, CURLOPT_URL, target.url.c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(handle, CURLOPT_MAXREDIRS, kMaxRedirects);
  // No signals: requests run on several threads.
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_ACCEPT_ENCODING, "gzip");
  curl_easy_setopt(handle, CURLOPT_USERAGENT, "cpprof/" PPROFAGENT_VERSION);
  if (!target.socket.empty()) {
    curl_easy_setopt(handle, CURLOPT_UNIX_SOCKET_PATH, target.socket.c_str());
  } else if (IsLoopback(target.url)) {
    curl_easy_setopt(handle, CURLOPT_NOPROXY, "*");
  }
}

// The reference obeys HTTP_PROXY, libcurl http_proxy alone: in a CGI program the other one is sent
// by the client.
void AdoptProxy() {
  const char* proxy = std::getenv("HTTP_PROXY");
  if (proxy == nullptr || std::getenv("REQUEST_METHOD") != nullptr) return;
  setenv("http_proxy", proxy, /*overwrite=*/0);
}

void StartCurl() {
  static std::once_flag once;
  std::call_once(once, [] {
    AdoptProxy();
    curl_global_init(CURL_GLOBAL_DEFAULT);
  });
}

Status StatusError(const Answer& answer) {
  std::string text = "server response: " + OneLine(answer.status);
  // Only the profiling endpoints' own words; others answer with whole pages.
  if (answer.pprof_error && answer.plain_text) text += " - " + OneLine(answer.body);
  return Status::Error(text);
}

}  // namespace

HttpClient::HttpClient(TlsOptions tls) : tls_(std::move(tls)) { StartCurl(); }

Result<std::string> HttpClient::Get(const std::string& url, double timeout_seconds,
                                    Activity* activity) const {
  return Perform(url, nullptr, timeout_seconds + kGraceSeconds, activity);
}

Result<std::string> HttpClient::Post(const std::string& url, const std::string& body) const {
  auto answer = Perform(url, &body, kPostSeconds, nullptr);
  if (!answer.ok()) return answer.status().Annotate("http post " + url);
  return answer;
}

Result<std::string> HttpClient::Perform(const std::string& url, const std::string* body,
                                        double timeout_seconds, Activity* activity) const {
  if (Status status = CheckTls(tls_); !status.ok()) return status;
  const auto target = ResolveTarget(url);
  if (!target.ok()) return target.status();
  const CurlHandle handle(curl_easy_init());
  if (!handle) return Status::Error("libcurl cannot be started: out of memory");
  Answer answer;
  answer.activity = activity;
  char reason[CURL_ERROR_SIZE] = "";
  SetTarget(handle.get(), *target);
  SetTls(handle.get(), tls_, target->insecure);
  curl_easy_setopt(handle.get(), CURLOPT_TIMEOUT_MS, static_cast<long>(timeout_seconds * 1000));
  curl_easy_setopt(handle.get(), CURLOPT_ERRORBUFFER, reason);
  curl_easy_setopt(handle.get(), CURLOPT_HEADERFUNCTION, &OnHeader);
  curl_easy_setopt(handle.get(), CURLOPT_HEADERDATA, &answer);
  curl_easy_setopt(handle.get(), CURLOPT_WRITEFUNCTION, &OnBody);
  curl_easy_setopt(handle.get(), CURLOPT_WRITEDATA, &answer);
  std::unique_ptr<curl_slist, HeaderCleanup> headers;
  if (body != nullptr) {
    headers.reset(curl_slist_append(nullptr, "Content-Type: application/octet-stream"));
    curl_easy_setopt(handle.get(), CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(handle.get(), CURLOPT_POSTFIELDS, body->data());
    curl_easy_setopt(handle.get(), CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(body->size()));
  }
  const CURLcode outcome = curl_easy_perform(handle.get());
  if (answer.too_long) {
    return Status::Error(
        StrFormat("%s: the answer is longer than %zu MiB; refused", url.c_str(), kMaxAnswer >> 20));
  }
  if (outcome != CURLE_OK) {
    return Status::Error(std::string("http fetch: ") + (body == nullptr ? "Get " : "Post ") +
                         Quote(url) + ": " +
                         (reason[0] != '\0' ? reason : curl_easy_strerror(outcome)));
  }
  long code = 0;
  curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &code);
  if (code != 200) return StatusError(answer);
  return std::move(answer.body);
}

}  // namespace cpprof::fetch
