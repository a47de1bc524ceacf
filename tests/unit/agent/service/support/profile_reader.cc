// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/agent/service/support/profile_reader.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include "tests/unit/agent/service/support/scratch_directory.h"

namespace pprofagent::test {

using perftools::profiles::Profile;

std::string Gunzip(std::string_view compressed) {
  z_stream stream = {};
  EXPECT_EQ(inflateInit2(&stream, MAX_WBITS + 16), Z_OK);
  std::string input(compressed);
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  std::string plain;
  int result = Z_OK;
  while (result == Z_OK) {
    char chunk[4096];
    stream.next_out = reinterpret_cast<Bytef*>(chunk);
    stream.avail_out = sizeof(chunk);
    result = inflate(&stream, Z_NO_FLUSH);
    plain.append(chunk, sizeof(chunk) - stream.avail_out);
  }
  EXPECT_EQ(result, Z_STREAM_END);
  EXPECT_EQ(stream.avail_in, 0u) << "something follows the compressed data";
  inflateEnd(&stream);
  return result == Z_STREAM_END ? plain : std::string();
}

Profile Decode(std::string_view message) {
  Profile profile;
  EXPECT_TRUE(profile.ParseFromArray(message.data(), static_cast<int>(message.size())));
  return profile;
}

Profile DecodeFile(const std::string& path) { return Decode(Gunzip(Contents(path))); }

std::string Text(const Profile& profile, int64_t index) {
  if (index < 0 || index >= profile.string_table_size()) return "(no such string)";
  return profile.string_table(static_cast<int>(index));
}

std::string TypeText(const Profile& profile, const perftools::profiles::ValueType& type) {
  return Text(profile, type.type()) + "/" + Text(profile, type.unit());
}

std::string CommentText(const Profile& profile) {
  std::string text;
  for (const int64_t comment : profile.comment()) text += Text(profile, comment) + "\n";
  return text;
}

}  // namespace pprofagent::test
