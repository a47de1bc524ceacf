// SPDX-License-Identifier: Apache-2.0
//
// A real program to read: the test itself, and variants of it made with binutils (which every C++
// compiler brings along), in a directory that goes away with the test.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace cpprof {

class ElfFixture : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "cpprof.XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    directory_ = std::filesystem::canonical(name);
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  static std::string Self() { return std::filesystem::canonical("/proc/self/exe").string(); }
  std::string Path(const std::string& name) const { return (directory_ / name).string(); }

  static void Run(const std::string& command) {
    ASSERT_EQ(std::system(command.c_str()), 0) << command;
  }
  static std::string Read(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::string Write(const std::string& name, const std::string& bytes) const {
    std::ofstream(Path(name), std::ios::binary) << bytes;
    return Path(name);
  }

  std::filesystem::path directory_;
};

}  // namespace cpprof
