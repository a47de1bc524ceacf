// SPDX-License-Identifier: Apache-2.0
//
// See gzip.h.
#include "tools/base/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <climits>

namespace cpprof {
namespace {

// deflateInit2's way of asking for a gzip header instead of zlib's.
constexpr int kGzipWindowBits = 15 + 16;
constexpr int kMemoryLevel = 8;
constexpr size_t kChunk = 256 * 1024;

}  // namespace

Result<std::string> GzipCompress(std::string_view bytes) {
  z_stream stream = {};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipWindowBits, kMemoryLevel,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    return Status::Error("compressing: zlib has no memory");
  }
  std::string out;
  int result = Z_OK;
  while (result == Z_OK || result == Z_BUF_ERROR) {
    if (stream.avail_in == 0 && !bytes.empty()) {
      // zlib counts in unsigned int; more than that is fed in parts.
      const size_t part = std::min<size_t>(bytes.size(), UINT_MAX);
      stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
      stream.avail_in = static_cast<uInt>(part);
      bytes.remove_prefix(part);
    }
    const size_t at = out.size();
    out.resize(at + kChunk);
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + at);
    stream.avail_out = static_cast<uInt>(kChunk);
    result = deflate(&stream, bytes.empty() ? Z_FINISH : Z_NO_FLUSH);
    out.resize(out.size() - stream.avail_out);
  }
  deflateEnd(&stream);
  if (result != Z_STREAM_END) return Status::Error("compressing: zlib failed");
  return out;
}

}  // namespace cpprof
