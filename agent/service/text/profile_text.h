// SPDX-License-Identifier: Apache-2.0
//
// Profiles as text, for people with nothing but curl (?debug=1): the legacy
// formats of Go and gperftools, with functions and lines in comments. Every
// pprof reads them back to the same numbers.
//
// A text has some kilobytes a stack, so it is made as it is taken: what is held
// meanwhile is the recording and the names of its addresses.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "agent/service/profile/mappings.h"
#include "agent/service/profile/recording.h"
#include "agent/service/sink/byte_source.h"
#include "agent/service/symbol/symbols.h"
#include "agent/service/text/frame_lines.h"

namespace pprofagent::service {

struct TextOptions {
  // A count profile names itself as it was asked for: "goroutine profile: ...".
  std::string name;
  // What the program's allocator says, for the heap profile (memory_stats.h).
  std::string memory_stats;
};

// The kernel's list, by which pprof finds the binaries, with their build IDs.
std::string MemoryMapText(const Mappings& mappings);

class ProfileText final : public ByteSource {
 public:
  // No bytes at all for kinds that have no text form.
  ProfileText(Recording recording, TextOptions options);

  bool Next(std::string* bytes) override;
  size_t held_bytes() const override;
  void Restart() override { next_part_ = 0; }

 private:
  void AppendSample(const RecordedSample& sample, std::string* text);
  std::string Trailer() const;

  const Recording recording_;
  const TextOptions options_;
  const Mappings mappings_;
  const Symbols symbols_;
  FrameLines frames_;
  std::vector<const RecordedSample*> order_;
  // 0: the header; then the samples in their order; then the trailer.
  size_t next_part_ = 0;
};

}  // namespace pprofagent::service
