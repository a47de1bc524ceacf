// SPDX-License-Identifier: Apache-2.0
//
// A compressor in front of another stream, in the gzip format, at the level Go
// uses for its profiles (1). Holds about 260 KiB while it lives, whatever the
// length of what is written.
#pragma once

#include <memory>

#include "agent/service/sink/byte_stream.h"

namespace pprofagent::service {

class GzipStream final : public ByteStream {
 public:
  // `below` must outlive this.
  explicit GzipStream(ByteStream* below);
  ~GzipStream() override;

  Status Write(std::string_view data) override;
  // Writes what is held back and the trailer. Without it the output is
  // incomplete.
  Status Finish();

 private:
  struct Deflater;

  Status Compress(std::string_view data, int flush);

  ByteStream* below_;
  std::unique_ptr<Deflater> deflater_;
  Status status_;
};

}  // namespace pprofagent::service
