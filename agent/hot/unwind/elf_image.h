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

// Offset of the build ID from `begin`, if it has at least 8 bytes and lies in
// the first page; else 0.
uint64_t BuildIdOffset(const uint8_t* begin, const uint8_t* end);

// What there is to tell images without a build ID apart by.
uint64_t WeakIdentity(const uint8_t* begin, const uint8_t* end, const uint8_t* eh_frame_hdr);

// The tables with the bounds of the readable segment that has both
// .eh_frame_hdr and .eh_frame; with those of the image if there is no such one.
CfiModule ReadableTables(const uint8_t* begin, const uint8_t* end, const uint8_t* eh_frame_hdr);

// Of an image that no loader tells of: its end and its .eh_frame_hdr. False if
// it has no tables.
bool DescribeImage(const uint8_t* begin, const uint8_t** end, const uint8_t** eh_frame_hdr);

}  // namespace pprofagent::hot
