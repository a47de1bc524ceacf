// SPDX-License-Identifier: Apache-2.0
#include "tools/disassemble/code_object.h"

#include "tools/elf/debug_file.h"

namespace cpprof::disassemble {

Result<std::unique_ptr<CodeObject>> CodeObject::Open(const profile::Profile& profile,
                                                     profile::MappingIndex index) {
  const profile::Mapping& mapping = profile.mappings[index];
  auto object =
      symbolize::ObjectFile::Open(std::string(profile.Text(mapping.file)),
                                  {mapping.start, mapping.limit, mapping.offset, std::nullopt},
                                  profile.Text(mapping.kernel_relocation_symbol));
  if (!object.ok()) return object.status();
  const std::string_view build_id = profile.Text(mapping.build_id);
  const std::string& found_id = (*object)->build_id();
  if (!build_id.empty() && !found_id.empty() && found_id != build_id) {
    return Status::Error((*object)->file().path() + ": build ID mismatch (" +
                         std::string(build_id) + " was profiled, this is " + found_id + ")");
  }
  std::unique_ptr<CodeObject> code(new CodeObject());
  code->object_ = std::move(*object);
  return code;
}

Result<uint64_t> CodeObject::FileAddress(uint64_t address) {
  if (!base_) {
    const Result<uint64_t> base = object_->BaseFor(address);
    if (!base.ok()) return base.status().Annotate(path());
    base_ = *base;
  }
  return address - *base_;
}

const std::vector<SymbolGroup>& CodeObject::Symbols() {
  if (!groups_.empty()) return groups_;
  const elf::File* file = &object_->file();
  if (!elf::HasSymbolTable(*file)) {
    debug_file_ = elf::FindDebugFile(*file);
    if (debug_file_ && elf::HasSymbolTable(*debug_file_)) file = debug_file_.get();
  }
  symbols_ = elf::ListSymbols(*file);
  for (size_t begin = 0; begin < symbols_.size();) {
    size_t end = begin + 1;
    while (end < symbols_.size() && symbols_[end].address == symbols_[begin].address) ++end;
    const uint64_t last = end < symbols_.size() ? symbols_[end].address - 1 : UINT64_MAX;
    groups_.push_back({.start = symbols_[begin].address,
                       .end = last,
                       .symbols = {symbols_.data() + begin, end - begin}});
    begin = end;
  }
  return groups_;
}

std::vector<std::vector<symbolize::Frame>> CodeObject::Frames(std::span<const uint64_t> addresses,
                                                              symbolize::AnswerStyle style,
                                                              profile::StringTable* strings) {
  if (!answerer_) answerer_ = std::make_unique<symbolize::Answerer>(style, strings);
  object_->Learn(addresses, nullptr, &facts_);
  std::vector<std::vector<symbolize::Frame>> all(addresses.size());
  symbolize::Facts facts;
  for (size_t i = 0; i < addresses.size(); ++i) {
    facts_.Find(addresses[i], &facts);
    answerer_->Complete(&facts);
    for (symbolize::Frame frame : facts.frames) {
      frame.function = strings->View(strings->Intern(frame.function));
      frame.file = strings->View(strings->Intern(frame.file));
      all[i].push_back(frame);
    }
  }
  return all;
}

}  // namespace cpprof::disassemble
