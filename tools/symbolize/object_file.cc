// SPDX-License-Identifier: Apache-2.0
#include "tools/symbolize/object_file.h"

#include "tools/elf/debug_file.h"
#include "tools/elf/mini_debug_info.h"
#include "tools/symbolize/dwarf_reader.h"

namespace cpprof::symbolize {
namespace {

std::unique_ptr<elf::File> FetchDebugFile(const elf::File& file, DebugInfoServers* servers) {
  if (servers == nullptr || file.build_id().empty()) return nullptr;
  const std::string path = servers->FindDebugInfo(file.build_id());
  return path.empty() ? nullptr : elf::OpenDebugFile(path, file.build_id());
}

}  // namespace

Result<std::unique_ptr<ObjectFile>> ObjectFile::Open(const std::string& path,
                                                     elf::MappingRange range,
                                                     std::string_view relocation_symbol,
                                                     DebugInfoServers* servers) {
  auto file = elf::File::Open(path);
  if (!file.ok()) return file.status();
  std::unique_ptr<ObjectFile> object(new ObjectFile());
  object->file_ = std::move(*file);
  if (!elf::HasDebugInfo(*object->file_)) {
    object->debug_file_ = elf::FindDebugFile(*object->file_);
    if (!object->debug_file_) object->debug_file_ = FetchDebugFile(*object->file_, servers);
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

bool ObjectFile::has_debug_info() const { return debug_file_ || elf::HasDebugInfo(*file_); }

std::string ObjectFile::Identity() const {
  return "file " + file_->version() + " debug " +
         (debug_file_ ? debug_file_->path() + " " + debug_file_->version() : "-");
}

const elf::SymbolTable& ObjectFile::own_symbols() const {
  if (!own_symbols_) own_symbols_ = std::make_unique<elf::SymbolTable>(*file_);
  return *own_symbols_;
}

const elf::SymbolTable& ObjectFile::symbols() const {
  const elf::SymbolTable& own = own_symbols();
  if (own.complete()) return own;
  if (!looked_for_better_) {
    looked_for_better_ = true;
    if (debug_file_) {
      better_symbols_ = std::make_unique<elf::SymbolTable>(*debug_file_);
    } else if ((mini_file_ = elf::OpenMiniDebugInfo(*file_))) {
      better_symbols_ = std::make_unique<elf::SymbolTable>(*file_);
      better_symbols_->Add(*mini_file_);
    }
  }
  return better_symbols_ ? *better_symbols_ : own;
}

bool ObjectFile::Learn(std::span<const uint64_t> addresses, DebugInfoServers* servers,
                       FactTable* facts) const {
  const std::vector<uint64_t> missing = facts->Missing(addresses);
  if (missing.empty()) return true;
  std::vector<char> has_frames(missing.size(), false);
  const bool complete =
      ResolveFrames(missing, servers, [&](size_t index, std::span<const Frame> frames) {
        has_frames[index] = true;
        facts->Add(missing[index], frames, symbols(), own_symbols());
      });
  for (size_t i = 0; i < missing.size(); ++i) {
    if (!has_frames[i]) facts->Add(missing[i], {}, symbols(), own_symbols());
  }
  facts->Finish();
  return complete;
}

bool ObjectFile::ResolveFrames(
    std::span<const uint64_t> addresses, DebugInfoServers* servers,
    const std::function<void(size_t, std::span<const Frame>)>& sink) const {
  const elf::File& source = debug_file_ ? *debug_file_ : *file_;
  if (!elf::HasDebugInfo(source)) return true;
  DwarfReader reader(source, [servers](const std::string& build_id) {
    return servers == nullptr ? std::string() : servers->FindDebugInfo(build_id);
  });
  reader.Resolve(addresses, sink);
  return reader.complete();
}

}  // namespace cpprof::symbolize
