// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a .debug_frame section: its functions are listed, as the service
// does, and asked for their rules, as hot code does. The first word is an address
// of the file.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <vector>

#include "agent/hot/unwind/cfi.h"
#include "agent/service/symbol/debug_frame.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pprofagent;
  uint32_t text = 0;
  if (size <= sizeof(text)) return 0;
  std::memcpy(&text, data, sizeof(text));
  const std::vector<uint8_t> section(data + sizeof(text), data + size);
  const std::vector<service::CodeRange> code = {{text, uint64_t{text} + 0x10000}};
  const std::vector<hot::DebugFrame::Row> rows = service::FunctionsOfDebugFrame(
      std::string_view(reinterpret_cast<const char*>(section.data()), section.size()), code, 0);
  constexpr uintptr_t kLoadedAt = 0x100000000;
  const hot::DebugFrame frame{rows.data(),    static_cast<uint32_t>(rows.size()),
                              section.data(), section.data() + section.size(),
                              kLoadedAt,      kLoadedAt};
  hot::CfiModule module{};
  module.debug_frame = &frame;
  uint32_t last = 0;
  for (const hot::DebugFrame::Row& row : rows) {
    if (row.function < last || row.fde >= section.size()) std::abort();
    last = row.function;
    for (const uintptr_t offset : {0, 1, 8, 64}) {
      hot::FrameRules rules;
      static_cast<void>(hot::FindFrameRules(module, kLoadedAt + row.function + offset, &rules));
    }
  }
  return 0;
}
