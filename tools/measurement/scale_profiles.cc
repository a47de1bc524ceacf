// SPDX-License-Identifier: Apache-2.0
//
// See scale_profiles.h.
#include "tools/measurement/scale_profiles.h"

#include <string>
#include <vector>

#include "tools/base/arithmetic.h"
#include "tools/base/strings.h"
#include "tools/measurement/measurement.h"
#include "tools/profile/merge.h"

namespace cpprof::measurement {
namespace {

struct NamedType {
  std::string type;
  std::string unit;
};

NamedType Named(const profile::Profile& profile, const profile::ValueType& type) {
  return {std::string(profile.Text(type.type)), std::string(profile.Text(type.unit))};
}

std::string_view WithoutPlural(std::string_view type) {
  if (!type.empty() && type.back() == 's') type.remove_suffix(1);
  return type;
}

double Ratio(const std::string& from, const std::string& to) { return Scale(1, from, to).value; }

// The type among `types` with the finest unit.
Result<NamedType> CommonType(const std::vector<NamedType>& types) {
  NamedType finest = types.front();
  for (const NamedType& type : types) {
    const bool compatible = WithoutPlural(finest.type) == WithoutPlural(type.type) &&
                            (finest.unit == type.unit || SameFamily(finest.unit, type.unit));
    if (!compatible) {
      return Status::Error(StrFormat("incompatible types: {%s %s 0 0} {%s %s 0 0}",
                                     finest.type.c_str(), finest.unit.c_str(), type.type.c_str(),
                                     type.unit.c_str()));
    }
    if (Ratio(type.unit, finest.unit) < 1) finest = type;
  }
  return finest;
}

Status ScalePeriods(std::span<profile::Profile> profiles) {
  std::vector<NamedType> types;
  for (const profile::Profile& profile : profiles) {
    types.push_back(Named(profile, profile.period_type));
  }
  const Result<NamedType> common = CommonType(types);
  if (!common.ok()) return common.status().Annotate("period type");
  for (size_t i = 0; i < profiles.size(); ++i) {
    profile::Profile& profile = profiles[i];
    profile.period = TruncateToInt(Scale(profile.period, types[i].unit, common->unit).value);
    profile.period_type.unit = profile.Intern(common->unit);
  }
  return Status::Ok();
}

}  // namespace

Status ScaleProfiles(std::span<profile::Profile> profiles) {
  if (profiles.size() < 2) return Status::Ok();
  Status periods = ScalePeriods(profiles);
  if (!periods.ok()) return periods;
  const size_t columns = profiles.front().sample_types.size();
  std::vector<std::vector<double>> ratios(profiles.size());
  for (size_t column = 0; column < columns; ++column) {
    std::vector<NamedType> types;
    for (const profile::Profile& profile : profiles) {
      types.push_back(Named(profile, profile.sample_types[column]));
    }
    const Result<NamedType> common = CommonType(types);
    if (!common.ok()) return common.status().Annotate("sample types");
    for (size_t i = 0; i < profiles.size(); ++i) {
      ratios[i].push_back(Ratio(types[i].unit, common->unit));
      profiles[i].sample_types[column].unit = profiles[i].Intern(common->unit);
    }
  }
  for (size_t i = 0; i < profiles.size(); ++i) profile::Scale(&profiles[i], ratios[i]);
  return Status::Ok();
}

}  // namespace cpprof::measurement
