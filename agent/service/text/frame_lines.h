// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "agent/hot/snapshot.h"
#include "agent/service/symbol/symbols.h"
#include "agent/service/text/tab_columns.h"

namespace pprofagent::service {

// " 0x401235 0x40126a": return addresses, as the formats want them; the addresses
// we record lie one byte before. A mark has none.
void AppendAddresses(const hot::StackView& stack, std::string* text);

// The frames of stacks as lines for people, "#\t0x401234\tf+0x4\tf.cc:12"; before a
// frame those of the functions inlined in it, "#\t0x401234\tg(...)\tg.h:7". Stacks
// have most of their frames in common, so what a frame's line says is made once,
// and again where there are so many frames that keeping it would take megabytes.
class FrameLines {
 public:
  explicit FrameLines(const Symbols& symbols) : symbols_(symbols) {}

  void Append(const hot::StackView& stack, std::string* text);

 private:
  std::vector<Cells> LinesOf(uintptr_t word) const;

  const Symbols& symbols_;
  static constexpr size_t kMostCells = 8192;  // some 300 bytes each
  std::unordered_map<uintptr_t, std::vector<Cells>> cells_;
  std::vector<const Cells*> lines_;
};

}  // namespace pprofagent::service
