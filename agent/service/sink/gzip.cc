// SPDX-License-Identifier: Apache-2.0
#include "agent/service/sink/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <limits>

namespace pprofagent::service {
namespace {

constexpr int kLevel = 1;
constexpr int kGzipFormat = 16;
constexpr int kMemoryLevel = 8;
constexpr size_t kOutputChunk = size_t{32} * 1024;

}  // namespace

struct GzipStream::Deflater {
  z_stream stream = {};
  bool initialised = false;
  Bytef output[kOutputChunk];
};

GzipStream::GzipStream(ByteStream* below) : below_(below), deflater_(std::make_unique<Deflater>()) {
  const int result = deflateInit2(&deflater_->stream, kLevel, Z_DEFLATED, MAX_WBITS + kGzipFormat,
                                  kMemoryLevel, Z_DEFAULT_STRATEGY);
  deflater_->initialised = result == Z_OK;
  if (result != Z_OK) status_ = Status::Error("cannot compress: no memory");
}

GzipStream::~GzipStream() {
  if (deflater_->initialised) deflateEnd(&deflater_->stream);
}

Status GzipStream::Compress(std::string_view data, int flush) {
  z_stream& stream = deflater_->stream;
  stream.next_in = reinterpret_cast<z_const Bytef*>(const_cast<char*>(data.data()));
  stream.avail_in = static_cast<uInt>(data.size());
  do {
    stream.next_out = deflater_->output;
    stream.avail_out = kOutputChunk;
    // Cannot fail: the state is valid and there is room for output.
    deflate(&stream, flush);
    const size_t produced = kOutputChunk - stream.avail_out;
    const char* output = reinterpret_cast<const char*>(deflater_->output);
    if (produced > 0) status_ = below_->Write(std::string_view(output, produced));
  } while (status_.ok() && stream.avail_out == 0);
  return status_;
}

Status GzipStream::Write(std::string_view data) {
  constexpr size_t kMost = std::numeric_limits<uInt>::max();
  while (status_.ok() && !data.empty()) {
    const std::string_view part = data.substr(0, std::min(data.size(), kMost));
    data.remove_prefix(part.size());
    Status written = Compress(part, Z_NO_FLUSH);
    if (!written.ok()) return written;
  }
  return status_;
}

Status GzipStream::Finish() { return status_.ok() ? Compress({}, Z_FINISH) : status_; }

}  // namespace pprofagent::service
