// SPDX-License-Identifier: Apache-2.0
//
// The GNU build ID of an ELF object, by which the analyzer knows the binary
// again. It is read from the image in memory, which is the one that ran, even
// if the file has been replaced or deleted since or is not to be seen from
// here; and from the file otherwise.
//
// Memory is read through /proc/self/mem: another thread may dlclose the object
// at any moment, and then the read fails instead of the program. For the same
// reason the loader is not asked (dl_iterate_phdr): a fork while we hold its
// lock would leave the child unable to load anything.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "agent/service/base/descriptor.h"

namespace pprofagent::service {

// Fills a buffer from an object at an offset; false if that is impossible.
using ReadAt = std::function<bool(uint64_t offset, void* to, size_t size)>;

// Lower-case hex, empty if there is none or the headers make no sense. In
// memory segments are found by their addresses, in a file by their offsets.
enum class ElfImage { kMemory, kFile };
std::string ReadBuildId(const ReadAt& read, ElfImage image);

// A build ID as text.
std::string ToHex(std::string_view bytes);

class BuildIdReader {
 public:
  BuildIdReader();

  // Of the object whose ELF header is mapped at an address.
  std::string FromMemory(uint64_t header_address) const;
  // Of the file at a path, provided it is still the one (device and inode)
  // that was mapped.
  std::string FromFile(const std::string& path, uint64_t device, uint64_t inode) const;

 private:
  Descriptor memory_;
};

}  // namespace pprofagent::service
