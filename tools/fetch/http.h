// SPDX-License-Identifier: Apache-2.0
//
// HTTP as far as fetching profiles and asking for symbols needs it: GET and POST, http, https,
// "https+insecure" (whoever answers is believed) and Unix sockets (unix:SOCKET/path), proxies from
// the environment, limits on time and size. The only place that knows libcurl.
//
// A client may be used by several threads at once.
#pragma once

#include <string>

#include "tools/base/notices.h"
#include "tools/base/status.h"

namespace cpprof::fetch {

struct TlsOptions {
  std::string certificate;  // -tls_cert
  std::string key;          // -tls_key
  std::string authority;    // -tls_ca
};

class HttpClient {
 public:
  explicit HttpClient(TlsOptions tls);

  // The body of a 200 answer; anything else is an error with the server's words where it offers
  // them.
  Result<std::string> Get(const std::string& url, double timeout_seconds,
                          Activity* activity = nullptr) const;
  Result<std::string> Post(const std::string& url, const std::string& body) const;

 private:
  Result<std::string> Perform(const std::string& url, const std::string* body,
                              double timeout_seconds, Activity* activity) const;

  TlsOptions tls_;
};

}  // namespace cpprof::fetch
