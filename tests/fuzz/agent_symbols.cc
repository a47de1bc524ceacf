// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as the file behind a mapping of the program, whose symbol and line
// tables the agent reads for its texts.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "agent/service/symbol/elf_file.h"
#include "agent/service/symbol/symbols.h"

using pprofagent::service::Mappings;
using pprofagent::service::MapsLine;
using pprofagent::service::Symbol;
using pprofagent::service::Symbols;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const int descriptor = memfd_create("object", MFD_CLOEXEC);
  if (descriptor < 0 || write(descriptor, data, size) != static_cast<ssize_t>(size)) std::abort();
  const std::string path = "/proc/self/fd/" + std::to_string(descriptor);
  constexpr uint64_t kStart = 0x400000;
  const std::string maps = "400000-800000 r-xp 00000000 08:01 1 " + path + "\n";
  // Without a build ID nothing is remembered, and every input is read anew.
  const Mappings mappings =
      Mappings::Parse(maps, 0, [](const MapsLine&, uint64_t) { return std::string(); });
  std::vector<uint64_t> addresses;
  for (uint64_t offset = 0; offset < 0x4000; offset += 0x3d) addresses.push_back(kStart + offset);
  const Symbols symbols = Symbols::Of(addresses, mappings);
  for (const uint64_t address : addresses) {
    const Symbol& symbol = symbols.Find(address);
    if (symbol.address != address) std::abort();
  }
  static_cast<void>(pprofagent::service::ElfFile(path).BuildId());
  close(descriptor);
  return 0;
}
