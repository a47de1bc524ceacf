// SPDX-License-Identifier: Apache-2.0
//
// See load.h.
#include "tools/driver/load.h"

#include <unistd.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "tools/fetch/fetch.h"
#include "tools/fetch/http.h"
#include "tools/profile/filter.h"
#include "tools/profile/merge.h"
#include "tools/symbolize/symbolize.h"

namespace cpprof::driver {
namespace {

// Any negative number means that none was given; the largest are refused before.
int Seconds(int64_t given) { return static_cast<int>(std::max<int64_t>(given, -1)); }

fetch::Options FetchOptions(const CommandLine& line) {
  fetch::Options options;
  options.sources = line.sources;
  options.bases = line.bases;
  options.executable = line.executable;
  options.build_id = line.build_id;
  options.seconds = Seconds(line.seconds);
  options.timeout = Seconds(line.timeout);
  options.kind = line.kind;
  options.pid = line.pid;
  return options;
}

// The profile minus its base; the mappings of both know their servers.
Status SubtractBase(const CommandLine& line, fetch::Fetched* fetched) {
  profile::Profile& base = *fetched->base;
  if (line.diff_base) profile::SetLabel(&base, profile::kDiffBaseKey, profile::kDiffBaseValue);
  if (line.config.normalize) {
    Status normalized = profile::Normalize(&fetched->profile, base);
    if (!normalized.ok()) return normalized;
  }
  profile::Scale(&base, -1);
  std::vector<profile::Profile> both;
  both.push_back(std::move(fetched->profile));
  both.push_back(std::move(base));
  Result<profile::Profile> combined = fetch::Combine(std::move(both));
  if (!combined.ok()) return combined.status();
  fetched->profile = std::move(*combined);
  fetch::AddSources(fetched->base_sources, &fetched->sources);
  return Status::Ok();
}

}  // namespace

Result<profile::Profile> LoadProfile(const CommandLine& line, Notices* notices) {
  const fetch::HttpClient http(
      {.certificate = line.tls_certificate, .key = line.tls_key, .authority = line.tls_authority});
  Result<fetch::Fetched> fetched = fetch::Fetch(FetchOptions(line), http, notices);
  if (!fetched.ok()) return fetched.status();
  if (fetched->base) {
    Status subtracted = SubtractBase(line, &*fetched);
    if (!subtracted.ok()) return subtracted;
  }
  profile::Profile& profile = fetched->profile;
  if (line.all_frames) profile.drop_frames = profile.keep_frames = 0;

  const auto post = [&](const std::string& url, const std::string& body) {
    return http.Post(url, body);
  };
  std::optional<Activity> symbolizing(std::in_place, notices, "Symbolizing");
  Status symbolized = symbolize::Symbolize(&profile,
                                           {.mode = line.symbolize,
                                            .tools = line.tools,
                                            .cache = symbolize::SymbolCache::FromEnvironment(),
                                            .advise = isatty(STDERR_FILENO) != 0},
                                           fetched->sources, post, notices);
  if (!symbolized.ok()) return symbolized;
  symbolizing.reset();
  // A profile with a broken expression is shown with all its frames.
  const Status pruned = profile::RemoveUninteresting(&profile);
  if (!pruned.ok()) notices->Print(pruned.message());
  fetch::ForgetSourceUrls(&profile);
  if (!line.comment.empty()) profile.comments.push_back(profile.Intern(line.comment));
  if (fetched->remote) fetch::SaveCopy(profile, notices);
  return std::move(profile);
}

}  // namespace cpprof::driver
