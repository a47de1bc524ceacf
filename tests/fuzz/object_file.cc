// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as an ELF file with symbols and debug information, asked about
// addresses all over it.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "tools/symbolize/object_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const int descriptor = memfd_create("object", MFD_CLOEXEC);
  if (descriptor < 0 || write(descriptor, data, size) != static_cast<ssize_t>(size)) std::abort();
  const std::string path = "/proc/self/fd/" + std::to_string(descriptor);
  cpprof::elf::MappingRange range;
  range.start = 0x400000;
  range.limit = 0x800000;
  const auto object = cpprof::symbolize::ObjectFile::Open(path, range, "");
  if (object.ok()) {
    std::vector<uint64_t> addresses;
    for (uint64_t address = 0; address < 0x4000; address += 0x3d) addresses.push_back(address);
    static_cast<void>(object.value()->BaseFor(0x401000));
    cpprof::symbolize::FactTable facts;
    object.value()->Learn(addresses, nullptr, &facts);
  }
  close(descriptor);
  return 0;
}
