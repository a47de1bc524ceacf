// SPDX-License-Identifier: Apache-2.0
#include "tools/symbolize/object_file.h"

#include "tools/elf/debug_file.h"
#include "tools/symbolize/dwarf_reader.h"

namespace cpprof::symbolize {

Result<std::unique_ptr<ObjectFile>> ObjectFile::Open(const std::string& path,
                                                     elf::MappingRange range,
                                                     std::string_view relocation_symbol) {
  auto file = elf::File::Open(path);
  if (!file.ok()) return file.status();
  std::unique_ptr<ObjectFile> object(new ObjectFile());
  object->file_ = std::move(*file);
  if (!elf::HasDebugInfo(*object->file_)) {
    object->debug_file_ = elf::FindDebugFile(*object->file_);
  }
  object->own_symbols_ = std::make_unique<elf::SymbolTable>(*object->file_);
  if (object->debug_file_ && !object->own_symbols_->complete()) {
    object->debug_symbols_ = std::make_unique<elf::SymbolTable>(*object->debug_file_);
  }
  if (elf::MayBeKernel(path, range)) {
    const auto* symbol =
        object->symbols().Find(relocation_symbol.empty() ? "_stext" : relocation_symbol);
    if (symbol != nullptr) range.kernel_text = symbol->address;
  }
  object->range_ = range;
  // The right segment is known only with an address; this one tells whether there can be a base.
  const auto base = elf::BaseForSegment(object->file_->type(), object->file_->TextSegment(), range);
  if (!base.ok()) {
    return Status::Error("error reading ELF file " + path + ": could not identify base for " +
                         path + ": " + base.message());
  }
  return object;
}

void ObjectFile::ResolveFrames(
    std::span<const uint64_t> addresses,
    const std::function<void(size_t, std::span<const Frame>)>& sink) const {
  const elf::File& source = debug_file_ ? *debug_file_ : *file_;
  if (!elf::HasDebugInfo(source)) return;
  DwarfReader(source).Resolve(addresses, sink);
}

}  // namespace cpprof::symbolize
