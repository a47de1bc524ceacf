// SPDX-License-Identifier: Apache-2.0
//
// A real program to read: the test itself, and variants of it made with binutils (which every C++
// compiler brings along), in a directory that goes away with the test.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

namespace cpprof {

class ElfFixture : public testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  static std::string Self();
  std::string Path(const std::string& name) const;

  static void Run(const std::string& command);
  static std::string Read(const std::string& path);
  std::string Write(const std::string& name, const std::string& bytes) const;

  std::filesystem::path directory_;
};

}  // namespace cpprof
