// SPDX-License-Identifier: Apache-2.0
//
// Reads back what the agent wrote, with Google's own protobuf library.
#pragma once

#include <profile.pb.h>

#include <string>
#include <string_view>

namespace pprofagent::test {

// Of gzip data; a test failure and an empty text if it is not that.
std::string Gunzip(std::string_view compressed);

perftools::profiles::Profile Decode(std::string_view message);
perftools::profiles::Profile DecodeFile(const std::string& path);

std::string Text(const perftools::profiles::Profile& profile, int64_t index);
// "alloc_space/bytes"
std::string TypeText(const perftools::profiles::Profile& profile,
                     const perftools::profiles::ValueType& type);
// All comments, one a line.
std::string CommentText(const perftools::profiles::Profile& profile);

}  // namespace pprofagent::test
