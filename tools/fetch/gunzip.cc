// SPDX-License-Identifier: Apache-2.0
//
// Two libraries: libdeflate unfolds what is sound, in a third of the time; zlib, which can go on
// from any point, does what the other refuses, and tells what is wrong with it.
#include "tools/fetch/gunzip.h"

#include <libdeflate.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>

#include "tools/base/strings.h"

namespace cpprof::fetch {
namespace {

constexpr size_t kHeaderSize = 10;
constexpr size_t kTrailerSize = 8;
constexpr uint64_t kMostDeflateCanDo = 1032;

// What the trailer says the (last) member unfolds to; only a hint.
uint64_t SizeHint(std::string_view bytes, uint64_t limit) {
  if (bytes.size() < kHeaderSize + kTrailerSize) return 0;
  uint32_t size = 0;
  for (size_t i = 0; i < 4; ++i) {
    size |= uint32_t{static_cast<unsigned char>(bytes[bytes.size() - 4 + i])} << (8 * i);
  }
  return std::min({uint64_t{size}, limit, bytes.size() * kMostDeflateCanDo});
}

// How long the header of a member is, with the names that may be in it.
size_t HeaderSize(std::string_view member) {
  constexpr size_t kFlags = 3;
  constexpr unsigned kHasChecksum = 2;
  constexpr unsigned kHasExtra = 4;
  constexpr unsigned kHasName = 8;
  constexpr unsigned kHasComment = 16;
  if (member.size() < kHeaderSize + 2) return kHeaderSize;
  const auto byte = [&](size_t at) { return unsigned{static_cast<unsigned char>(member[at])}; };
  size_t size = kHeaderSize;
  if ((byte(kFlags) & kHasExtra) != 0) size += 2 + (byte(size) | byte(size + 1) << 8);
  for (const unsigned text : {kHasName, kHasComment}) {
    if ((byte(kFlags) & text) != 0) size = member.find('\0', std::min(size, member.size())) + 1;
  }
  if ((byte(kFlags) & kHasChecksum) != 0) size += 2;
  return size;
}

// Of `member`, which the stream has read in vain.
Status InflateError(const z_stream& stream, std::string_view member) {
  const std::string_view reason = stream.msg == nullptr ? "" : stream.msg;
  if (reason == "incorrect header check" || reason == "unknown compression method" ||
      reason == "unknown header flags set" || reason == "header crc mismatch") {
    return Status::Error("gzip: invalid header");
  }
  if (reason == "incorrect data check" || reason == "incorrect length check") {
    return Status::Error("gzip: invalid checksum");
  }
  // Counted, as by the reference, from where the header ends.
  return Status::Error(StrFormat("flate: corrupt input before offset %lu",
                                 stream.total_in - std::min(stream.total_in, HeaderSize(member))));
}

// zlib's stream with its end of life.
class Inflater {
 public:
  Inflater() {
    std::memset(&stream_, 0, sizeof(stream_));
    static constexpr int kGzipOnly = 16;
    ready_ = inflateInit2(&stream_, MAX_WBITS + kGzipOnly) == Z_OK;
  }
  ~Inflater() {
    if (ready_) inflateEnd(&stream_);
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  Result<Bytes> Run(std::string_view bytes, uint64_t limit);

 private:
  // Room for more output; false at the limit.
  bool Grow(Bytes* out, uint64_t limit) const;

  z_stream stream_;
  bool ready_ = false;
};

bool Inflater::Grow(Bytes* out, uint64_t limit) const {
  static constexpr uint64_t kFirst = 64 << 10;
  if (out->size() >= limit) return false;
  out->resize(std::min(limit, std::max(kFirst, uint64_t{out->size()} * 2)));
  return true;
}

Result<Bytes> Inflater::Run(std::string_view bytes, uint64_t limit) {
  if (!ready_) return Status::Error("zlib cannot be started: out of memory");
  const size_t compressed = bytes.size();
  std::string_view member = bytes;
  Bytes out;
  // One byte more, so that the end is met without growing once more.
  out.resize(std::min(limit, SizeHint(bytes, limit) + 1));
  size_t written = 0;
  while (true) {
    if (written == out.size() && !Grow(&out, limit)) {
      return Status::Error(StrFormat("more than %llu MiB of data from %zu bytes; refused",
                                     static_cast<unsigned long long>(limit >> 20), compressed));
    }
    const size_t in = std::min<size_t>(bytes.size(), UINT32_MAX);
    const size_t room = std::min<size_t>(out.size() - written, UINT32_MAX);
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(in);
    stream_.next_out = reinterpret_cast<Bytef*>(out.data() + written);
    stream_.avail_out = static_cast<uInt>(room);
    const int outcome = inflate(&stream_, Z_NO_FLUSH);
    written += room - stream_.avail_out;
    bytes.remove_prefix(in - stream_.avail_in);
    if (outcome == Z_STREAM_END) {
      if (bytes.empty()) break;
      // Another member follows, or something that should not be there.
      if (bytes.size() < kHeaderSize) return Status::Error("unexpected EOF");
      inflateReset(&stream_);
      member = bytes;
    } else if (outcome == Z_MEM_ERROR) {
      return Status::Error("out of memory");
    } else if (outcome != Z_OK && outcome != Z_BUF_ERROR) {
      return InflateError(stream_, member);
    } else if (bytes.empty() && stream_.avail_out != 0) {
      return Status::Error("unexpected EOF");
    }
  }
  out.resize(written);
  return out;
}

struct FreeDecompressor {
  void operator()(libdeflate_decompressor* decompressor) const {
    libdeflate_free_decompressor(decompressor);
  }
};

// False for everything that is not one sound member which says truly how long it will be.
bool UnfoldOneMember(std::string_view bytes, uint64_t limit, Bytes* out) {
  const uint64_t size = SizeHint(bytes, limit);
  const std::unique_ptr<libdeflate_decompressor, FreeDecompressor> decompressor(
      libdeflate_alloc_decompressor());
  if (size == 0 || !decompressor) return false;
  out->resize(size);
  size_t consumed = 0;
  const libdeflate_result result = libdeflate_gzip_decompress_ex(
      decompressor.get(), bytes.data(), bytes.size(), out->data(), out->size(), &consumed, nullptr);
  return result == LIBDEFLATE_SUCCESS && consumed == bytes.size();
}

}  // namespace

bool IsGzip(std::string_view bytes) { return bytes.starts_with("\x1f\x8b"); }

uint64_t DecompressionLimit(uint64_t compressed) {
  static constexpr uint64_t kLeast = uint64_t{256} << 20;
  static constexpr uint64_t kMost = uint64_t{4} << 30;
  static constexpr uint64_t kFactor = 100;
  return std::clamp(compressed > kMost / kFactor ? kMost : compressed * kFactor, kLeast, kMost);
}

Result<Bytes> Gunzip(std::string_view bytes, uint64_t limit) {
  try {
    Bytes out;
    if (UnfoldOneMember(bytes, limit, &out)) return out;
    out = Bytes();
    return Inflater().Run(bytes, limit);
  } catch (const std::bad_alloc&) {
    return Status::Error("out of memory");
  }
}

}  // namespace cpprof::fetch
