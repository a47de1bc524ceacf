// SPDX-License-Identifier: Apache-2.0
//
// A directory of its own with files, and an environment that does not depend on who runs the test.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "tests/unit/tools/elf/elf_fixture.h"

namespace cpprof::fetch {

class FetchFixture : public ElfFixture {
 protected:
  void SetUp() override;
  void TearDown() override;

  void SetVariable(const std::string& name, const std::string& value);

  // A gzip'd profile.proto with one sample of `value` in function `name`.
  static std::string ProfileBytes(std::string_view name, int64_t value,
                                  std::string_view file = "/bin/app");

 private:
  std::map<std::string, std::optional<std::string>> saved_;
};

}  // namespace cpprof::fetch
