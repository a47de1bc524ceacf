// SPDX-License-Identifier: Apache-2.0
#include "tools/fetch/url.h"

#include <algorithm>
#include <cctype>

#include "tools/base/path.h"
#include "tools/base/strings.h"

namespace cpprof::fetch {
namespace {

bool IsAlpha(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }
bool IsDigit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }
bool IsHex(char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; }

// Splits "scheme:rest"; text without a scheme is all rest. False for ":rest".
bool SplitScheme(std::string_view text, std::string* scheme, std::string_view* rest) {
  *rest = text;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (IsAlpha(c)) continue;
    if (IsDigit(c) || c == '+' || c == '-' || c == '.') {
      if (i == 0) return true;
      continue;
    }
    if (c != ':') return true;
    if (i == 0) return false;
    *scheme = AsciiLower(text.substr(0, i));
    *rest = text.substr(i + 1);
    return true;
  }
  return true;
}

bool ValidEscapes(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') continue;
    if (i + 2 >= text.size() || !IsHex(text[i + 1]) || !IsHex(text[i + 2])) return false;
    i += 2;
  }
  return true;
}

// Nothing, or ':' and digits.
bool ValidPort(std::string_view port) {
  if (port.empty()) return true;
  return port[0] == ':' && std::all_of(port.begin() + 1, port.end(), IsDigit);
}

bool ValidHost(std::string_view host) {
  if (!ValidEscapes(host)) return false;
  if (host.starts_with('[')) {
    const size_t close = host.rfind(']');
    return close != std::string_view::npos && ValidPort(host.substr(close + 1));
  }
  const size_t colon = host.rfind(':');
  if (colon != std::string_view::npos && !ValidPort(host.substr(colon))) return false;
  return std::none_of(host.begin(), host.end(), [](char c) {
    return std::string_view(" \"<>\\^`{|}").find(c) != std::string_view::npos;
  });
}

std::optional<std::string> Unescape(std::string_view text) {
  if (!ValidEscapes(text)) return std::nullopt;
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      out += static_cast<char>(*ParseUint(text.substr(i + 1, 2), 16));
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

std::string Escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (IsAlpha(c) || IsDigit(c) || c == '-' || c == '_' || c == '.' || c == '~') {
      out += c;
    } else if (c == ' ') {
      out += '+';
    } else {
      AppendFormat(&out, "%%%02X", static_cast<unsigned char>(c));
    }
  }
  return out;
}

// Writes `seconds` (if > 0) into the query, which is encoded anew, and returns how long to wait.
double ApplySeconds(int seconds, int timeout, std::string* query) {
  auto values = ParseQuery(*query);
  const auto is_seconds = [](const auto& pair) { return pair.first == "seconds"; };
  double duration = seconds;
  if (seconds > 0) {
    std::erase_if(values, is_seconds);
    values.emplace_back("seconds", std::to_string(seconds));
  } else if (const auto given = std::find_if(values.begin(), values.end(), is_seconds);
             given != values.end()) {
    const auto number = ParseInt(given->second);
    if (number && *number >= INT32_MIN && *number <= INT32_MAX) {
      duration = static_cast<double>(*number);
    }
  }
  *query = EncodeQuery(std::move(values));
  if (timeout > 0) return timeout;
  return duration > 0 ? duration * 1.5 : 60;
}

// Paths of gperftools' servers.
bool IsGperftoolsPath(std::string_view path) {
  for (const std::string_view end : {"/pprof/heap", "/pprof/growth", "/pprof/profile",
                                     "/pprof/pmuprofile", "/pprof/contention"}) {
    if (path.ends_with(end)) return true;
  }
  return false;
}

}  // namespace

std::string Url::ToString() const {
  std::string text;
  if (!scheme.empty()) text = scheme + ":";
  if (!opaque.empty()) {
    text += opaque;
  } else {
    if (!host.empty() || !user.empty() || (!scheme.empty() && path.starts_with("//"))) text += "//";
    text += user + host;
    if (!path.empty() && path[0] != '/' && !host.empty()) text += '/';
    text += path;
  }
  if (!query.empty()) text += "?" + query;
  if (!fragment.empty()) text += "#" + fragment;
  return text;
}

std::optional<Url> ParseUrl(std::string_view text) {
  if (std::any_of(text.begin(), text.end(),
                  [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; })) {
    return std::nullopt;
  }
  Url url;
  if (const size_t hash = text.find('#'); hash != std::string_view::npos) {
    url.fragment = text.substr(hash + 1);
    text = text.substr(0, hash);
  }
  std::string_view rest;
  if (!SplitScheme(text, &url.scheme, &rest)) return std::nullopt;
  if (const size_t mark = rest.find('?'); mark != std::string_view::npos) {
    url.query = rest.substr(mark + 1);
    rest = rest.substr(0, mark);
  }
  if (!rest.starts_with('/')) {
    if (!url.scheme.empty()) {
      url.opaque = rest;
      return url;
    }
    if (rest.substr(0, rest.find('/')).find(':') != std::string_view::npos) return std::nullopt;
  }
  if (rest.starts_with("//") && (!url.scheme.empty() || !rest.starts_with("///"))) {
    rest.remove_prefix(2);
    const size_t slash = std::min(rest.find('/'), rest.size());
    std::string_view authority = rest.substr(0, slash);
    if (const size_t at = authority.rfind('@'); at != std::string_view::npos) {
      url.user = authority.substr(0, at + 1);
      authority.remove_prefix(at + 1);
    }
    if (!ValidHost(authority)) return std::nullopt;
    url.host = authority;
    rest = rest.substr(slash);
  }
  if (!ValidEscapes(rest)) return std::nullopt;
  url.path = rest;
  return url;
}

std::vector<std::pair<std::string, std::string>> ParseQuery(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> values;
  for (const std::string_view pair : Split(query, '&')) {
    if (pair.empty() || pair.find(';') != std::string_view::npos) continue;
    const size_t equals = pair.find('=');
    const auto key = Unescape(pair.substr(0, equals));
    const auto value = equals == std::string_view::npos ? std::optional<std::string>("")
                                                        : Unescape(pair.substr(equals + 1));
    if (key && value) values.emplace_back(*key, *value);
  }
  return values;
}

std::string EncodeQuery(std::vector<std::pair<std::string, std::string>> values) {
  std::stable_sort(values.begin(), values.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::string out;
  for (const auto& [key, value] : values) {
    if (!out.empty()) out += '&';
    out += Escape(key) + "=" + Escape(value);
  }
  return out;
}

std::optional<Request> AdjustUrl(std::string_view source, int seconds, int timeout) {
  auto url = ParseUrl(source);
  if (!url || (url->host.empty() && !url->scheme.empty() && url->scheme != "file")) {
    // "localhost:6060/x" parses as scheme "localhost"; what the user means is the host.
    url = ParseUrl("http://" + std::string(source));
  }
  if (!url || url->host.empty()) return std::nullopt;
  Request request;
  request.timeout_seconds = ApplySeconds(seconds, timeout, &url->query);
  request.url = url->ToString();
  return request;
}

Request AdjustUnixUrl(std::string_view source, int seconds, int timeout) {
  const size_t mark = std::min(source.find('?'), source.size());
  std::string query(mark == source.size() ? "" : source.substr(mark + 1));
  Request request;
  request.timeout_seconds = ApplySeconds(seconds, timeout, &query);
  request.url = std::string(source.substr(0, mark)) + (query.empty() ? "" : "?" + query);
  return request;
}

std::string SymbolUrl(std::string_view source) {
  if (source.starts_with("unix:")) {
    // The socket is part of the path, and stays what it is.
    const std::string_view path = source.substr(0, source.find('?'));
    const size_t name = path.rfind('/');
    return path.find("/debug/pprof/") == std::string_view::npos
               ? ""
               : std::string(path.substr(0, name)) + "/symbol";
  }
  auto url = ParseUrl(source);
  if (!url || url->host.empty()) return {};
  const bool pprof_path =
      url->path.find("/debug/pprof/") != std::string::npos || IsGperftoolsPath(url->path);
  url->path = CleanPath(url->path + (pprof_path ? "/../symbol" : "/../symbolz"));
  url->query.clear();
  return url->ToString();
}

}  // namespace cpprof::fetch
