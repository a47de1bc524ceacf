// SPDX-License-Identifier: Apache-2.0
//
// One source: getting its bytes, wherever they are, and making a profile of them.
#pragma once

#include <string>

#include "tools/base/column.h"
#include "tools/base/notices.h"
#include "tools/base/status.h"
#include "tools/fetch/fetch.h"
#include "tools/fetch/http.h"
#include "tools/profile/profile.h"

namespace cpprof::fetch {

struct FetchedSource {
  profile::Profile profile;
  // Where it came from, if over the network; else empty.
  std::string url;
};

Result<FetchedSource> FetchSource(const std::string& source, const Options& options,
                                  const HttpClient& http, Notices* notices);

// "1m30s".
std::string WaitText(int seconds);

// The whole file; what is not a file that ends is refused.
Result<Bytes> ReadFile(const std::string& path);

}  // namespace cpprof::fetch
