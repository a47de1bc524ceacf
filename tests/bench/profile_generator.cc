// SPDX-License-Identifier: Apache-2.0
//
//     profile_generator SAMPLES SEED FILE
//
// Writes a gzipped CPU profile of a big program for the benchmarks of cpprof: 50,000 functions in
// 2,000 files, the last 10,000 of them small ones that are inlined nearly everywhere; 200,000
// locations, every fourth with a small function in it; SAMPLES stacks of 20 to 60 frames that all
// differ. Stacks are drawn at random, which is the worst case for every cache on the way. The same
// arguments give the same profile, on every machine.
#include <zlib.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

constexpr uint64_t kFunctions = 50'000;
constexpr uint64_t kInlined = 10'000;
constexpr uint64_t kOrdinary = kFunctions - kInlined;
constexpr uint64_t kFiles = 2'000;
constexpr uint64_t kLocations = 200'000;
constexpr uint64_t kImageStart = 0x400000;

// SplitMix64: <random>'s distributions differ between libraries.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t Next() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  uint64_t Below(uint64_t limit) { return Next() % limit; }

 private:
  uint64_t state_;
};

void AppendVarint(std::string* out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) *out += static_cast<char>(value | 0x80);
  *out += static_cast<char>(value);
}

void AppendNumber(std::string* out, unsigned field, uint64_t value) {
  AppendVarint(out, field << 3);
  AppendVarint(out, value);
}

void AppendBytes(std::string* out, unsigned field, std::string_view bytes) {
  AppendVarint(out, field << 3 | 2);
  AppendVarint(out, bytes.size());
  out->append(bytes);
}

class Generator {
 public:
  Generator(uint64_t seed, const char* path) : random_(seed), file_(gzopen(path, "wb6")) {}

  bool Run(uint64_t samples) {
    if (file_ == nullptr) return false;
    WriteHeader();
    for (uint64_t i = 0; i < samples; ++i) WriteSample();
    WriteTables();
    return Flush() && gzclose(file_) == Z_OK;
  }

 private:
  enum Text : uint64_t { kEmpty, kSamplesType, kCount, kCpu, kNanoseconds, kProgram, kFirstName };

  void WriteHeader() {
    const auto value_type = [](uint64_t type, uint64_t unit) {
      std::string message;
      AppendNumber(&message, 1, type);
      AppendNumber(&message, 2, unit);
      return message;
    };
    AppendBytes(&out_, 1, value_type(kSamplesType, kCount));
    AppendBytes(&out_, 1, value_type(kCpu, kNanoseconds));
    AppendBytes(&out_, 11, value_type(kCpu, kNanoseconds));
    AppendNumber(&out_, 12, 10'000'000);
  }

  void WriteSample() {
    ids_.clear();
    // A stack of 20 random locations does not occur twice.
    for (uint64_t left = 20 + random_.Below(41); left > 0; --left) {
      AppendVarint(&ids_, 1 + random_.Below(kLocations));
    }
    const uint64_t count = 1 + random_.Below(10);
    std::string values;
    AppendVarint(&values, count);
    AppendVarint(&values, count * 10'000'000);
    sample_.clear();
    AppendBytes(&sample_, 1, ids_);
    AppendBytes(&sample_, 2, values);
    AppendBytes(&out_, 2, sample_);
    if (out_.size() > kBuffer) Flush();
  }

  void WriteLine(uint64_t function, std::string* location) {
    line_.clear();
    AppendNumber(&line_, 1, 1 + function);
    AppendNumber(&line_, 2, 1 + random_.Below(3'000));
    AppendBytes(location, 4, line_);
  }

  void WriteTables() {
    std::string message;
    AppendNumber(&message, 1, 1);
    AppendNumber(&message, 2, kImageStart);
    AppendNumber(&message, 3, kImageStart + kLocations * 64);
    AppendNumber(&message, 5, kProgram);
    for (unsigned has = 7; has <= 10; ++has) AppendNumber(&message, has, 1);
    AppendBytes(&out_, 3, message);
    for (uint64_t id = 1; id <= kLocations; ++id) {
      message.clear();
      AppendNumber(&message, 1, id);
      AppendNumber(&message, 2, 1);
      AppendNumber(&message, 3, kImageStart + id * 32);
      const uint64_t function = id % kOrdinary;
      const uint64_t inlined = kOrdinary + (function * 7 + id / kOrdinary) % kInlined;
      // Now and then one of the small functions is called after all.
      if (id % 64 == 1) {
        WriteLine(inlined, &message);
      } else {
        if (id % 4 == 0) WriteLine(inlined, &message);
        WriteLine(function, &message);
      }
      AppendBytes(&out_, 4, message);
    }
    for (uint64_t id = 1; id <= kFunctions; ++id) {
      message.clear();
      AppendNumber(&message, 1, id);
      AppendNumber(&message, 2, kFirstName + id - 1);
      AppendNumber(&message, 3, kFirstName + id - 1);
      AppendNumber(&message, 4, kFirstName + kFunctions + (id - 1) % kFiles);
      AppendNumber(&message, 5, 1 + random_.Below(3'000));
      AppendBytes(&out_, 5, message);
    }
    for (const char* text : {"", "samples", "count", "cpu", "nanoseconds", "/usr/bin/server"}) {
      AppendBytes(&out_, 6, text);
    }
    for (uint64_t id = 0; id < kFunctions; ++id) {
      AppendBytes(&out_, 6,
                  "service::component_" + std::to_string(id % 613) + "::Worker::step_" +
                      std::to_string(id));
    }
    for (uint64_t id = 0; id < kFiles; ++id) {
      AppendBytes(&out_, 6,
                  "/src/service/component_" + std::to_string(id % 613) + "/file_" +
                      std::to_string(id) + ".cc");
    }
  }

  bool Flush() {
    const bool written =
        out_.empty() || gzwrite(file_, out_.data(), static_cast<unsigned>(out_.size())) > 0;
    out_.clear();
    return written;
  }

  static constexpr size_t kBuffer = 1 << 20;

  Random random_;
  gzFile file_;
  std::string out_;
  std::string sample_;
  std::string ids_;
  std::string line_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: %s SAMPLES SEED FILE\n", argv[0]);
    return 2;
  }
  Generator generator(std::strtoull(argv[2], nullptr, 10), argv[3]);
  if (generator.Run(std::strtoull(argv[1], nullptr, 10))) return 0;
  std::fprintf(stderr, "%s: cannot write %s\n", argv[0], argv[3]);
  return 1;
}
