// SPDX-License-Identifier: Apache-2.0
#include "tools/symbolize/symbol_cache.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/unit/tools/elf/elf_fixture.h"

namespace cpprof::symbolize {
namespace {

namespace fs = std::filesystem;

class SymbolCacheTest : public ElfFixture {
 protected:
  void SetUp() override {
    ElfFixture::SetUp();
    auto file = elf::File::Open(Self());
    ASSERT_TRUE(file.ok()) << file.message();
    file_ = std::move(*file);
    symbols_ = std::make_unique<elf::SymbolTable>(*file_);
  }
  SymbolCache Cache(uint64_t limit = 1 << 20) const { return {Path("cache"), limit}; }
  // A table with one function at one address.
  void Save(const SymbolCache& cache, const CacheKey& key, const std::string& name) {
    FactTable table;
    const Frame frame{.function = name};
    table.Add(1, {&frame, 1}, *symbols_, *symbols_);
    table.Finish();
    cache.Save(key, table);
  }
  static std::string Load(const SymbolCache& cache, const CacheKey& key) {
    FactTable table;
    Facts facts;
    cache.Load(key, &table);
    return table.Find(1, &facts) ? std::string(facts.frames[0].function) : "nothing";
  }
  std::vector<std::string> Files() const {
    std::vector<std::string> files;
    for (const auto& entry : fs::directory_iterator(Path("cache"))) {
      files.push_back(entry.path().string());
    }
    return files;
  }

  const CacheKey key_{.build_id = "0123456789abcdef", .details = "this file"};
  std::unique_ptr<elf::File> file_;
  std::unique_ptr<elf::SymbolTable> symbols_;
};

TEST_F(SymbolCacheTest, KeepsWhatItWasGivenUnderItsKeyOnly) {
  Save(Cache(), key_, "f");
  EXPECT_EQ(Load(Cache(), key_), "f");
  EXPECT_EQ(Load(Cache(), {key_.build_id, "another file"}), "nothing");
  EXPECT_EQ(Load(Cache(), {"0123456789abcdee", key_.details}), "nothing");
  Save(Cache(), key_, "g");
  EXPECT_EQ(Load(Cache(), key_), "g");
  ASSERT_EQ(Files().size(), 1u);
  struct stat info;
  ASSERT_EQ(stat(Files()[0].c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600u);
  ASSERT_EQ(stat(Path("cache").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0700u);
}

TEST_F(SymbolCacheTest, ADamagedFileIsNoFileAndIsWrittenAnew) {
  Save(Cache(), key_, "f");
  const std::string path = Files()[0];
  const std::string good = Read(path);
  for (size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x40);
    std::ofstream(path, std::ios::binary) << bad;
    EXPECT_EQ(Load(Cache(), key_), "nothing") << at;
  }
  for (const size_t size : {size_t{0}, size_t{3}, size_t{20}, good.size() - 1}) {
    std::ofstream(path, std::ios::binary) << good.substr(0, size);
    EXPECT_EQ(Load(Cache(), key_), "nothing") << size;
  }
  Save(Cache(), key_, "f");
  EXPECT_EQ(Load(Cache(), key_), "f");
}

TEST_F(SymbolCacheTest, OddBuildIdsAndPlacesMeanNoCache) {
  for (const char* id : {"", "12", "../../../etc/passwd", "xyzxyzxyz"}) {
    Save(Cache(), {id, "d"}, "f");
    EXPECT_EQ(Load(Cache(), {id, "d"}), "nothing") << id;
  }
  EXPECT_FALSE(fs::exists(Path("cache")));
  Save({"", 1 << 20}, key_, "f");
  // In the place of the directory there is a file.
  Write("cache", "");
  Save(Cache(), key_, "f");
  EXPECT_EQ(Load(Cache(), key_), "nothing");
  fs::remove(Path("cache"));
  // Others might put names there.
  fs::create_directory(Path("cache"));
  fs::permissions(Path("cache"), fs::perms::all);
  Save(Cache(), key_, "f");
  EXPECT_TRUE(Files().empty());
  fs::permissions(Path("cache"), fs::perms::owner_all);
  // A link could lead anywhere, a fifo would block.
  Save(Cache(), key_, "f");
  const std::string path = Files()[0];
  fs::rename(path, Path("elsewhere"));
  fs::create_symlink(Path("elsewhere"), path);
  EXPECT_EQ(Load(Cache(), key_), "nothing");
  fs::remove(path);
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(Load(Cache(), key_), "nothing");
}

TEST_F(SymbolCacheTest, WhatWasUnusedForLongestMakesRoom) {
  Save(Cache(), key_, "f");
  const uint64_t one = fs::file_size(Files()[0]);
  const SymbolCache small = Cache(one * 3 + one / 2);
  const auto key = [&](int i) { return CacheKey{key_.build_id, std::to_string(i)}; };
  fs::remove(Files()[0]);
  const auto now = fs::file_time_type::clock::now();
  for (int i = 0; i < 3; ++i) {
    const std::vector<std::string> before =
        fs::exists(Path("cache")) ? Files() : std::vector<std::string>();
    Save(small, key(i), "f");
    for (const std::string& path : Files()) {
      if (std::find(before.begin(), before.end(), path) == before.end()) {
        fs::last_write_time(path, now - std::chrono::hours(10 - i));
      }
    }
  }
  // The eldest is used again, so the second has to go.
  EXPECT_EQ(Load(small, key(0)), "f");
  Write("cache/notes.txt", std::string(1 << 20, 'x'));
  Save(small, key(3), "f");
  EXPECT_EQ(Load(small, key(0)), "f");
  EXPECT_EQ(Load(small, key(1)), "nothing");
  EXPECT_EQ(Load(small, key(2)), "f");
  EXPECT_EQ(Load(small, key(3)), "f");
  EXPECT_TRUE(fs::exists(Path("cache/notes.txt")));
  // What would fill it alone is not kept.
  Save(Cache(one), key(4), "f");
  EXPECT_EQ(Load(small, key(4)), "nothing");
}

TEST_F(SymbolCacheTest, WritersDoNotDisturbEachOtherOrReaders) {
  Save(Cache(), key_, "f");
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < 50; ++round) {
        if (i % 2 == 0) {
          Save(Cache(), key_, "f");
        } else {
          EXPECT_EQ(Load(Cache(), key_), "f");
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Files().size(), 1u);
}

TEST_F(SymbolCacheTest, TheEnvironmentSaysWhereAndWhether) {
  setenv("HOME", Path("home").c_str(), 1);
  setenv("XDG_CACHE_HOME", "relative/is/ignored", 1);
  unsetenv("CPPROF_SYMBOL_CACHE");
  unsetenv("CPPROF_SYMBOL_CACHE_MB");
  Save(SymbolCache::FromEnvironment(), key_, "f");
  EXPECT_TRUE(fs::is_directory(Path("home/.cache/cpprof")));
  setenv("XDG_CACHE_HOME", Path("xdg").c_str(), 1);
  Save(SymbolCache::FromEnvironment(), key_, "f");
  EXPECT_TRUE(fs::is_directory(Path("xdg/cpprof")));
  setenv("CPPROF_SYMBOL_CACHE", Path("mine").c_str(), 1);
  Save(SymbolCache::FromEnvironment(), key_, "f");
  EXPECT_TRUE(fs::is_directory(Path("mine")));
  setenv("CPPROF_SYMBOL_CACHE_MB", "0", 1);
  EXPECT_FALSE(SymbolCache::FromEnvironment().enabled());
  setenv("CPPROF_SYMBOL_CACHE_MB", "nonsense", 1);
  EXPECT_TRUE(SymbolCache::FromEnvironment().enabled());
  setenv("CPPROF_SYMBOL_CACHE", "off", 1);
  EXPECT_FALSE(SymbolCache::FromEnvironment().enabled());
}

}  // namespace
}  // namespace cpprof::symbolize
