// SPDX-License-Identifier: Apache-2.0
#include "tools/elf/mini_debug_info.h"

#include <lzma.h>

#include <string>

namespace cpprof::elf {
namespace {

constexpr size_t kMostUnfolded = size_t{64} << 20;
constexpr uint64_t kMostMemory = uint64_t{64} << 20;

// Empty when it cannot be done.
std::string Unxz(const unsigned char* bytes, size_t size) {
  lzma_stream stream = LZMA_STREAM_INIT;
  std::string out;
  if (lzma_stream_decoder(&stream, kMostMemory, 0) != LZMA_OK) return out;
  stream.next_in = bytes;
  stream.avail_in = size;
  lzma_ret result = LZMA_OK;
  while (result == LZMA_OK && out.size() < kMostUnfolded) {
    static constexpr size_t kStep = size_t{256} << 10;
    const size_t at = out.size();
    out.resize(at + kStep);
    stream.next_out = reinterpret_cast<unsigned char*>(out.data()) + at;
    stream.avail_out = kStep;
    result = lzma_code(&stream, LZMA_FINISH);
    out.resize(out.size() - stream.avail_out);
  }
  lzma_end(&stream);
  if (result != LZMA_STREAM_END) out.clear();
  return out;
}

}  // namespace

std::unique_ptr<File> OpenMiniDebugInfo(const File& file) {
  Elf_Scn* section = file.FindSection(".gnu_debugdata");
  Elf_Data* data = section == nullptr ? nullptr : elf_rawdata(section, nullptr);
  if (data == nullptr || data->d_buf == nullptr) return nullptr;
  std::string bytes = Unxz(static_cast<const unsigned char*>(data->d_buf), data->d_size);
  if (bytes.empty()) return nullptr;
  auto opened = File::FromBytes(std::move(bytes), file.path() + "(.gnu_debugdata)");
  return opened.ok() ? std::move(*opened) : nullptr;
}

}  // namespace cpprof::elf
