// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/tools/elf/elf_fixture.h"

#include <cstdlib>
#include <fstream>
#include <iterator>

namespace cpprof {

void ElfFixture::SetUp() {
  std::string name = (std::filesystem::temp_directory_path() / "cpprof.XXXXXX").string();
  ASSERT_NE(mkdtemp(name.data()), nullptr);
  directory_ = std::filesystem::canonical(name);
}

void ElfFixture::TearDown() { std::filesystem::remove_all(directory_); }

std::string ElfFixture::Self() { return std::filesystem::canonical("/proc/self/exe").string(); }

std::string ElfFixture::Path(const std::string& name) const { return (directory_ / name).string(); }

void ElfFixture::Run(const std::string& command) {
  ASSERT_EQ(std::system(command.c_str()), 0) << command;
}

std::string ElfFixture::Read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string ElfFixture::Write(const std::string& name, const std::string& bytes) const {
  std::ofstream(Path(name), std::ios::binary) << bytes;
  return Path(name);
}

}  // namespace cpprof
