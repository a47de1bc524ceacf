// SPDX-License-Identifier: Apache-2.0
#include "agent/service/text/frame_lines.h"

#include <charconv>

#include "agent/service/profile/recording.h"

namespace pprofagent::service {
namespace {

// What a sample of an empty stack shows: the formats demand an address.
constexpr uint64_t kNoAddress = 1;

void AppendHex(uint64_t value, std::string* text) {
  char digits[2 + 16] = {'0', 'x'};
  const auto result = std::to_chars(digits + 2, digits + sizeof(digits), value, 16);
  text->append(digits, result.ptr);
}

std::string Hex(uint64_t value) {
  std::string text;
  AppendHex(value, &text);
  return text;
}

}  // namespace

void AppendAddresses(const hot::StackView& stack, std::string* text) {
  const size_t before = text->size();
  for (uint32_t i = 0; i < stack.depth; ++i) {
    if (hot::IsMark(stack.pcs[i])) continue;
    *text += ' ';
    AppendHex(hot::FrameAddress(stack.pcs[i]) + 1, text);
  }
  if (text->size() != before) return;
  *text += ' ';
  AppendHex(kNoAddress, text);
}

std::vector<Cells> FrameLines::LinesOf(uintptr_t word) const {
  if (hot::IsMark(word)) return {{"#", Hex(0), std::string(NameOf(hot::MarkOf(word)))}};
  const Symbol& symbol = symbols_.Find(word);
  const std::string address = Hex(hot::FrameAddress(word));
  std::vector<Cells> lines;
  for (const Symbol::Inlined& inlined : symbol.inlined) {
    lines.push_back({"#", address, NameOfInlined(inlined.function),
                     inlined.file + ":" + std::to_string(inlined.line)});
  }
  Cells& cells = lines.emplace_back(Cells{"#", address});
  if (!symbol.function.empty()) cells.push_back(symbol.function + "+" + Hex(symbol.offset));
  if (!symbol.file.empty()) cells.push_back(symbol.file + ":" + std::to_string(symbol.line));
  return lines;
}

void FrameLines::Append(const hot::StackView& stack, std::string* text) {
  lines_.clear();
  if (cells_.size() > kMostCells) cells_.clear();
  for (uint32_t i = 0; i < stack.depth; ++i) {
    const auto [entry, is_new] = cells_.try_emplace(stack.pcs[i]);
    if (is_new) entry->second = LinesOf(stack.pcs[i]);
    for (const Cells& cells : entry->second) lines_.push_back(&cells);
  }
  AppendColumns(lines_, text);
}

}  // namespace pprofagent::service
