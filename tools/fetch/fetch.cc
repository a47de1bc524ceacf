// SPDX-License-Identifier: Apache-2.0
#include "tools/fetch/fetch.h"

#include <algorithm>
#include <span>
#include <system_error>
#include <thread>

#include "tools/fetch/locate.h"
#include "tools/fetch/source.h"
#include "tools/fetch/url.h"
#include "tools/measurement/scale_profiles.h"
#include "tools/profile/merge.h"

namespace cpprof::fetch {
namespace {

// How many sources are fetched at once, which bounds the memory of very many.
constexpr size_t kChunk = 128;

// What became of one source.
struct Slot {
  Status status;
  profile::Profile profile;
  MappingSources sources;
  bool remote = false;
};

// What became of all sources, or of all bases.
struct Group {
  Status status;
  size_t count = 0;
  profile::Profile profile;
  MappingSources sources;
  bool remote = false;
};

// Does `work` on a thread of its own; here and now where no more threads are to be had.
template <typename Work>
std::thread Start(Work work) {
  try {
    return std::thread(work);
  } catch (const std::system_error&) {
    work();
    return std::thread();
  }
}

void Finish(std::thread* thread) {
  if (thread->joinable()) thread->join();
}

// Notes where each mapping can be asked about its addresses.
MappingSources CollectSources(const std::string& url, profile::Profile* profile) {
  MappingSources sources;
  for (profile::Mapping& mapping : profile->mappings) {
    profile::StringId key = mapping.build_id != 0 ? mapping.build_id : mapping.file;
    if (key == 0) key = mapping.file = profile->Intern(url);
    sources[std::string(profile->Text(key))].push_back({url, mapping.start});
  }
  return sources;
}

void FetchInto(const std::string& source, const Options& options, const HttpClient& http,
               Notices* notices, Slot* slot) {
  auto fetched = FetchSource(source, options, http, notices);
  if (!fetched.ok()) {
    slot->status = fetched.status();
    return;
  }
  slot->profile = std::move(fetched->profile);
  LocateBinaries(BinarySearchPath(), options.executable, options.build_id, &slot->profile, notices);
  if (!fetched->url.empty()) {
    slot->sources = CollectSources(fetched->url, &slot->profile);
    slot->remote = true;
  }
}

// Adds a chunk of sources to the group; false when they cannot be merged.
bool FetchChunk(std::span<const std::string> names, const Options& options, const HttpClient& http,
                Notices* notices, Group* group) {
  std::vector<Slot> slots(names.size());
  std::vector<std::thread> threads;
  for (size_t i = 1; i < names.size(); ++i) {
    threads.push_back(Start([&, i] { FetchInto(names[i], options, http, notices, &slots[i]); }));
  }
  if (!names.empty()) FetchInto(names[0], options, http, notices, &slots[0]);
  for (std::thread& thread : threads) Finish(&thread);

  std::vector<profile::Profile> profiles;
  if (group->count > 0) profiles.push_back(std::move(group->profile));
  for (size_t i = 0; i < slots.size(); ++i) {
    if (!slots[i].status.ok()) {
      notices->Print(names[i] + ": " + slots[i].status.message());
      continue;
    }
    profiles.push_back(std::move(slots[i].profile));
    AddSources(slots[i].sources, &group->sources);
    group->remote = group->remote || slots[i].remote;
    ++group->count;
  }
  if (profiles.empty()) return true;
  const Activity merging(notices, "Merging");
  auto merged = Combine(std::move(profiles));
  if (!merged.ok()) {
    group->status = merged.status();
    return false;
  }
  group->profile = std::move(*merged);
  return true;
}

Group FetchGroup(const std::vector<std::string>& names, const Options& options,
                 const HttpClient& http, Notices* notices) {
  Group group;
  for (size_t start = 0; start < names.size(); start += kChunk) {
    const auto chunk = std::span(names).subspan(start, std::min(kChunk, names.size() - start));
    if (!FetchChunk(chunk, options, http, notices, &group)) break;
  }
  return group;
}

void ReportMissing(const char* what, size_t wanted, size_t got, Notices* notices) {
  if (wanted == got) return;
  notices->Print("Fetched " + std::to_string(got) + " " + what + " profiles out of " +
                 std::to_string(wanted));
}

}  // namespace

Result<Fetched> Fetch(const Options& options, const HttpClient& http, Notices* notices) {
  Group bases;
  std::thread base_thread;
  if (!options.bases.empty()) {
    base_thread = Start([&] { bases = FetchGroup(options.bases, options, http, notices); });
  }
  Group sources = FetchGroup(options.sources, options, http, notices);
  Finish(&base_thread);
  if (!sources.status.ok()) return sources.status.Annotate("problem fetching source profiles");
  // The comma is the reference's, and scripts look for its messages.
  if (!bases.status.ok()) {
    return Status::Error("problem fetching base profiles: " + bases.status.message() + ",");
  }
  if (sources.count == 0) return Status::Error("failed to fetch any source profiles");
  if (bases.count == 0 && !options.bases.empty()) {
    return Status::Error("failed to fetch any base profiles");
  }
  ReportMissing("source", options.sources.size(), sources.count, notices);
  ReportMissing("base", options.bases.size(), bases.count, notices);
  Fetched fetched;
  fetched.profile = std::move(sources.profile);
  fetched.sources = std::move(sources.sources);
  if (!options.bases.empty()) fetched.base = std::move(bases.profile);
  fetched.base_sources = std::move(bases.sources);
  fetched.remote = sources.remote || bases.remote;
  return fetched;
}

Result<profile::Profile> Combine(std::vector<profile::Profile> profiles) {
  if (Status status = profile::KeepCommonSampleTypes(profiles); !status.ok()) return status;
  if (Status status = measurement::ScaleProfiles(profiles); !status.ok()) return status;
  return profile::Merge(std::move(profiles));
}

void AddSources(const MappingSources& more, MappingSources* sources) {
  for (const auto& [key, list] : more) {
    auto& known = (*sources)[key];
    known.insert(known.end(), list.begin(), list.end());
  }
}

void ForgetSourceUrls(profile::Profile* profile) {
  for (profile::Mapping& mapping : profile->mappings) {
    if (mapping.build_id != 0) continue;
    const auto url = ParseUrl(profile->Text(mapping.file));
    if (url && !url->scheme.empty()) mapping.file = 0;
  }
}

}  // namespace cpprof::fetch
