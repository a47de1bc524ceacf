// SPDX-License-Identifier: Apache-2.0
//
// URLs as the reference reads them. Most of what a user types is not a URL ("cpu.pb.gz") or only
// nearly one ("localhost:6060/debug/pprof/heap"), so what counts as a host decides whether a source
// is fetched or opened; the rules are those of Go's net/url.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cpprof::fetch {

struct Url {
  std::string scheme;  // lower case
  std::string opaque;  // "rest" of scheme:rest
  std::string user;    // with its '@', if present
  std::string host;    // with port
  std::string path;    // as written, percent signs included
  std::string query;   // without '?'
  std::string fragment;

  std::string ToString() const;
};

// Nothing when the text is not a URL, not even a relative one.
std::optional<Url> ParseUrl(std::string_view text);

// The pairs of a query in their order, decoded; pairs that cannot be decoded are left out.
std::vector<std::pair<std::string, std::string>> ParseQuery(std::string_view query);
// Encoded, sorted by key; equal keys keep their order.
std::string EncodeQuery(std::vector<std::pair<std::string, std::string>> values);

// What to fetch for a source given on the command line, and how many seconds to wait for it.
struct Request {
  std::string url;
  double timeout_seconds = 0;
};

// `seconds` > 0 goes into the query; `timeout` > 0 overrides what follows from it. Nothing when the
// source does not name a host.
std::optional<Request> AdjustUrl(std::string_view source, int seconds, int timeout);

// The same for unix:SOCKET/path, which AdjustUrl would take for a host called "unix".
Request AdjustUnixUrl(std::string_view source, int seconds, int timeout);

// Where the server behind a profile URL answers "what are these addresses?"; empty when `source` is
// no URL with a host.
std::string SymbolUrl(std::string_view source);

}  // namespace cpprof::fetch
