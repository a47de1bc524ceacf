// SPDX-License-Identifier: Apache-2.0
//
// See gzip.h.
#include "tools/base/gzip.h"

#include <libdeflate.h>

#include <memory>

namespace cpprof {
namespace {

struct FreeCompressor {
  void operator()(libdeflate_compressor* compressor) const {
    libdeflate_free_compressor(compressor);
  }
};

// A tenth of the time of zlib's default level. Profiles are mostly ids, which no level makes much
// smaller.
constexpr int kLevel = 3;

}  // namespace

Result<std::string> GzipCompress(std::string_view bytes) {
  const std::unique_ptr<libdeflate_compressor, FreeCompressor> compressor(
      libdeflate_alloc_compressor(kLevel));
  if (!compressor) return Status::Error("compressing: out of memory");
  std::string out;
  out.resize(libdeflate_gzip_compress_bound(compressor.get(), bytes.size()));
  const size_t size = libdeflate_gzip_compress(compressor.get(), bytes.data(), bytes.size(),
                                               out.data(), out.size());
  if (size == 0) return Status::Error("compressing: libdeflate failed");
  out.resize(size);
  return out;
}

}  // namespace cpprof
