// SPDX-License-Identifier: Apache-2.0
//
// Field numbers of proto/profile.proto, as far as the agent writes them.
#pragma once

#include <cstdint>

namespace pprofagent::service::field {

enum Profile : uint32_t {
  kSampleType = 1,
  kSample = 2,
  kMapping = 3,
  kLocation = 4,
  kFunction = 5,
  kStringTable = 6,
  kTimeNanos = 9,
  kDurationNanos = 10,
  kPeriodType = 11,
  kPeriod = 12,
  kComment = 13,
  kDefaultSampleType = 14,
};

enum ValueType : uint32_t { kType = 1, kUnit = 2 };

enum Sample : uint32_t { kSampleLocationId = 1, kSampleValue = 2, kSampleLabel = 3 };

enum Label : uint32_t { kLabelKey = 1, kLabelStr = 2, kLabelNum = 3, kLabelNumUnit = 4 };

enum Mapping : uint32_t {
  kMappingId = 1,
  kMemoryStart = 2,
  kMemoryLimit = 3,
  kFileOffset = 4,
  kFilename = 5,
  kBuildId = 6,
};

enum Location : uint32_t { kLocationId = 1, kLocationMappingId = 2, kAddress = 3, kLine = 4 };

enum Line : uint32_t { kLineFunctionId = 1 };

enum Function : uint32_t { kFunctionId = 1, kFunctionName = 2, kSystemName = 3 };

}  // namespace pprofagent::service::field
