// SPDX-License-Identifier: Apache-2.0
//
// From what the user named (files, dump directories, processes, URLs) to merged profiles. All
// sources and all bases are fetched at the same time; each is parsed, checked, and its binaries are
// looked for on this machine; then each group is brought to common sample types and units and
// merged. A source that fails is reported and left out; only a group without any profile is an
// error. The door of this folder.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tools/base/notices.h"
#include "tools/base/status.h"
#include "tools/fetch/http.h"
#include "tools/fetch/mapping_sources.h"
#include "tools/profile/profile.h"

namespace cpprof::fetch {

struct Options {
  std::vector<std::string> sources;
  std::vector<std::string> bases;
  // File of the first mapping, instead of the one it has; empty: that one.
  std::string executable;
  // Build id of the first mapping, if it has none.
  std::string build_id;
  int seconds = -1;
  int timeout = -1;
  // Which dump to take where a source is a dump directory (dump_directory.h); empty: none was
  // named, and a directory is an error.
  std::string kind;
  std::optional<int64_t> pid;
};

struct Fetched {
  profile::Profile profile;
  std::optional<profile::Profile> base;
  MappingSources sources;
  MappingSources base_sources;
  // Something came over the network: worth keeping a copy.
  bool remote = false;
};

Result<Fetched> Fetch(const Options& options, const HttpClient& http, Notices* notices);

// Merges profiles after bringing them to their common sample types and units.
Result<profile::Profile> Combine(std::vector<profile::Profile> profiles);
void AddSources(const MappingSources& more, MappingSources* sources);

// Fetching writes the URL into mappings that have neither file nor build id, so that symbolization
// knows whom to ask; this takes it out again.
void ForgetSourceUrls(profile::Profile* profile);

// Keeps a copy of a fetched profile, "DIR/pprof.[PROGRAM.]TYPE.TYPE.NNN.pb.gz" with the first free
// number, in $PPROF_TMPDIR, $HOME/pprof or the temporary directory; says where, or why not.
void SaveCopy(const profile::Profile& profile, Notices* notices);

}  // namespace cpprof::fetch
