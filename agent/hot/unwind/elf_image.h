// SPDX-License-Identifier: Apache-2.0
//
// What the unwinder reads of an ELF image in memory, beginning with its file
// header. The headers are trusted only after a look: an object may be loaded
// without them, and then nothing is said about it.
//
// All functions are async-signal-safe. `begin` is where the first page of the
// image is mapped, readable.
#pragma once

#include <cstdint>

#include "agent/hot/unwind/cfi.h"

namespace pprofagent::hot {

// A build ID, as an offset from `begin`; size 0: there is none of at least 8
// and at most kMaxBuildIdBytes bytes in the first page.
struct BuildIdPlace {
  uint16_t offset;
  uint16_t size;
};
inline constexpr uint32_t kMaxBuildIdBytes = 64;
BuildIdPlace FindBuildId(const uint8_t* begin, const uint8_t* end);

// A stretch of code as the loader maps it: whole pages, and where in the file
// they begin.
struct CodeSegment {
  uintptr_t start;
  uintptr_t limit;
  uint64_t offset;
};
inline constexpr uint32_t kMaxCodeSegments = 4;
// Their number; of more than there is room for, the first.
uint32_t FindCodeSegments(const uint8_t* begin, const uint8_t* end,
                          CodeSegment (&code)[kMaxCodeSegments]);

// What there is to tell images without a build ID apart by. `eh_frame_hdr` may
// be null.
uint64_t WeakIdentity(const uint8_t* begin, const uint8_t* end, const uint8_t* eh_frame_hdr);

// The same of an image that may be gone, by a copy of its first page. False: it
// is gone.
bool CopyWeakIdentity(const uint8_t* first_page, const uint8_t* begin, const uint8_t* end,
                      const uint8_t* eh_frame_hdr, uint64_t* identity);

// The tables with the bounds of the readable segment that has both
// .eh_frame_hdr and .eh_frame; with those of the image if there is no such one.
// `eh_frame_hdr` may be null.
CfiModule ReadableTables(const uint8_t* begin, const uint8_t* end, const uint8_t* eh_frame_hdr);

// Of an image that no loader tells of: its end and its .eh_frame_hdr. False if
// it has no tables.
bool DescribeImage(const uint8_t* begin, const uint8_t** end, const uint8_t** eh_frame_hdr);

}  // namespace pprofagent::hot
