// SPDX-License-Identifier: Apache-2.0
//
// proto: the profile itself, after filters, as a compressed profile.proto.
#include "tools/base/arithmetic.h"
#include "tools/base/gzip.h"
#include "tools/profile/encode.h"
#include "tools/report/formats.h"

namespace cpprof::report {

Status WriteProto(Report* report, std::string* out) {
  profile::Profile& profile = report->profile();
  const double ratio = report->options().ratio;
  if (ratio > 0 && ratio != 1) {
    for (size_t row = 0; row < profile.samples.size(); ++row) {
      for (int64_t& value : profile.samples.Values(row)) {
        value = TruncateToInt(static_cast<double>(value) * ratio);
      }
    }
  }
  Result<std::string> compressed = GzipCompress(profile::Encode(profile));
  if (!compressed.ok()) return compressed.status();
  if (out->empty()) {
    *out = std::move(*compressed);
  } else {
    *out += *compressed;
  }
  return Status::Ok();
}

}  // namespace cpprof::report
