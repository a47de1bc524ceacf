// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/tools/fetch/fetch_fixture.h"

#include <cstdlib>

#include "tools/base/gzip.h"
#include "tools/profile/encode.h"
#include "tools/profile/profile.h"

namespace cpprof::fetch {

void FetchFixture::SetUp() {
  ElfFixture::SetUp();
  SetVariable("PPROF_TMPDIR", Path("saved"));
  SetVariable("PPROF_BINARY_PATH", Path("binaries"));
  SetVariable("HOME", Path("home"));
  SetVariable("TZ", "UTC");
  for (const char* proxy : {"http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY"}) {
    SetVariable(proxy, "");
  }
}

void FetchFixture::TearDown() {
  for (const auto& [name, value] : saved_) {
    if (value) {
      setenv(name.c_str(), value->c_str(), 1);
    } else {
      unsetenv(name.c_str());
    }
  }
  ElfFixture::TearDown();
}

void FetchFixture::SetVariable(const std::string& name, const std::string& value) {
  const char* old = std::getenv(name.c_str());
  saved_.emplace(name, old == nullptr ? std::nullopt : std::optional<std::string>(old));
  setenv(name.c_str(), value.c_str(), 1);
}

std::string FetchFixture::ProfileBytes(std::string_view name, int64_t value,
                                       std::string_view file) {
  profile::Profile profile;
  profile.AddSampleType("samples", "count");
  profile::Mapping mapping;
  mapping.start = 0x1000;
  mapping.limit = 0x9000;
  mapping.file = profile.Intern(file);
  const auto in = profile.AddMapping(mapping);
  const auto location = profile.AddLocation(0x1100, in);
  const profile::Line line{profile.AddFunction(name, name, "a.c"), 7, 0};
  profile.SetLines(location, {&line, 1});
  profile.AddSample({{location}}, {{value}});
  return *GzipCompress(profile::Encode(profile));
}

}  // namespace cpprof::fetch
