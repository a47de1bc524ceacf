// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/unwind/cfi_records.h"

#include <cstring>

#include "agent/hot/rt/copy_memory.h"
#include "agent/hot/unwind/table_copies.h"

namespace pprofagent::hot {

namespace {

// Pointer encodings (LSB, "DWARF Exception Header Encoding").
constexpr uint8_t kOmitted = 0xff;
constexpr uint8_t kFormatMask = 0x0f;
constexpr uint8_t kRelationMask = 0x70;
constexpr uint8_t kPcRelative = 0x10;
constexpr uint8_t kDataRelative = 0x30;
constexpr uint8_t kIndirect = 0x80;

// `data` is what a data-relative pointer is relative to.
uintptr_t ReadEncoded(ByteReader* in, uint8_t encoding, uintptr_t data) {
  const auto here = reinterpret_cast<uintptr_t>(in->at());
  uintptr_t value = 0;
  switch (encoding & kFormatMask) {
    case 0x00:
    case 0x04:
    case 0x0c:
      value = in->Read<uint64_t>();
      break;
    case 0x01:
      value = in->ReadUleb();
      break;
    case 0x02:
      value = in->Read<uint16_t>();
      break;
    case 0x03:
      value = in->Read<uint32_t>();
      break;
    case 0x09:
      value = static_cast<uintptr_t>(in->ReadSleb());
      break;
    case 0x0a:
      value = static_cast<uintptr_t>(in->Read<int16_t>());
      break;
    case 0x0b:
      value = static_cast<uintptr_t>(in->Read<int32_t>());
      break;
    default:
      in->Fail();
  }
  switch (encoding & kRelationMask) {
    case 0x00:
      break;
    case kPcRelative:
      value += here;
      break;
    case kDataRelative:
      value += data;
      break;
    default:
      in->Fail();
  }
  // Function addresses are never stored indirectly; nothing else is needed.
  if ((encoding & kIndirect) != 0) in->Fail();
  return value;
}

// The bytes that records lie in, and in which of the two forms.
struct Section {
  const uint8_t* begin;
  const uint8_t* end;
  bool is_debug_frame;
  uintptr_t bias;
  TableCopies* copies = nullptr;
};

// A record without its length: where the field after the length is, which tells
// a CIE from a FDE and leads from this to that, and where it ends.
struct Entry {
  const uint8_t* id;
  const uint8_t* end;
  bool is_64_bit;
  // From the bytes read to the section's own.
  uintptr_t displacement;
};

// False also if the record does not end before `end`.
bool ReadLength(const uint8_t* begin, const uint8_t* end, Entry* entry) {
  ByteReader in(begin, end);
  uint64_t length = in.Read<uint32_t>();
  entry->is_64_bit = length == 0xffffffffu;
  if (entry->is_64_bit) length = in.Read<uint64_t>();
  entry->id = in.at();
  in.Take(length);
  entry->end = in.at();
  return in.ok() && length != 0;
}

// Copies the record at `address` into `room`, and reads it there.
[[gnu::noinline]] bool CopyEntry(const Section& section, uintptr_t address, uint8_t* room,
                                 size_t room_bytes, Entry* entry) {
  // Nearly every record is shorter.
  constexpr size_t kFirst = 256;
  const size_t bytes = reinterpret_cast<uintptr_t>(section.end) - address;
  const size_t wanted = bytes < room_bytes ? bytes : room_bytes;
  const size_t first = wanted < kFirst ? wanted : kFirst;
  entry->displacement = address - reinterpret_cast<uintptr_t>(room);
  size_t copied = CopyMemory(address, room, first);
  if (ReadLength(room, room + copied, entry)) return true;
  if (copied == first) copied += CopyMemory(address + copied, room + copied, wanted - copied);
  if (ReadLength(room, room + copied, entry)) return true;
  section.copies->failed = true;
  return false;
}

bool ReadEntry(const Section& section, uintptr_t address, uint8_t* room, size_t room_bytes,
               Entry* entry) {
  const auto begin = reinterpret_cast<uintptr_t>(section.begin);
  const auto end = reinterpret_cast<uintptr_t>(section.end);
  if (address < begin || address >= end) return false;
  if (section.copies != nullptr) return CopyEntry(section, address, room, room_bytes, entry);
  entry->displacement = 0;
  return ReadLength(reinterpret_cast<const uint8_t*>(address), section.end, entry);
}

// What the augmentation string announces, as far as it matters here.
void ReadAugmentation(ByteReader* in, const char* letters, Cie* cie) {
  if (*letters != 'z') {
    if (*letters != '\0') in->Fail();
    return;
  }
  cie->has_augmentation_data = true;
  const uint64_t size = in->ReadUleb();
  const uint8_t* data = in->Take(size);
  if (!in->ok()) return;
  ByteReader fields(data, in->at());
  for (++letters; *letters != '\0' && fields.ok(); ++letters) {
    switch (*letters) {
      case 'R':
        cie->fde_encoding = fields.Read<uint8_t>();
        break;
      case 'L':
        fields.Read<uint8_t>();
        break;
      case 'S':
        cie->signal_frame = true;
        break;
      case 'P': {
        const auto encoding = fields.Read<uint8_t>();
        // Only its size matters; it may well be indirect.
        ReadEncoded(&fields, encoding & kFormatMask, 0);
        break;
      }
      default:
        return;  // the rest has its length and can be skipped
    }
  }
  if (!fields.ok()) in->Fail();
}

// Whether the field that tells is a CIE's.
bool ReadsAsCie(const Section& section, const Entry& entry, ByteReader* in) {
  if (!section.is_debug_frame) return in->Read<uint32_t>() == 0;
  if (entry.is_64_bit) return in->Read<uint64_t>() == UINT64_MAX;
  return in->Read<uint32_t>() == UINT32_MAX;
}

bool ReadCie(const Section& section, uintptr_t address, Cie* cie) {
  Entry entry;
  uint8_t* const room = section.copies != nullptr ? section.copies->cie : nullptr;
  if (!ReadEntry(section, address, room, TableCopies::kCieBytes, &entry)) return false;
  ByteReader in(entry.id, entry.end);
  if (!ReadsAsCie(section, entry, &in)) return false;
  const auto version = in.Read<uint8_t>();
  if (version != 1 && version != 3 && version != 4) return false;
  const auto* letters = reinterpret_cast<const char*>(in.at());
  while (in.ok() && in.Read<uint8_t>() != 0) {
  }
  if (version == 4) {
    const auto address_size = in.Read<uint8_t>();
    const auto segment_size = in.Read<uint8_t>();
    if (address_size != sizeof(uintptr_t) || segment_size != 0) return false;
  }
  *cie = Cie{};
  cie->bias = section.bias;
  cie->code_alignment = in.ReadUleb();
  cie->data_alignment = in.ReadSleb();
  const uint64_t return_address = version == 1 ? in.Read<uint8_t>() : in.ReadUleb();
  if (!in.ok() || return_address != kDwarfReturnAddress) return false;
  ReadAugmentation(&in, letters, cie);
  // Where a section that is not loaded lies says nothing.
  if (section.is_debug_frame && (cie->fde_encoding & kRelationMask) != 0) return false;
  cie->program = in.at();
  cie->end = entry.end;
  return in.ok();
}

// 0: the record is no FDE.
uintptr_t CieOf(const Section& section, const Entry& entry, ByteReader* in) {
  if (!section.is_debug_frame) {
    const auto back = in->Read<uint32_t>();
    return back == 0 ? 0 : reinterpret_cast<uintptr_t>(entry.id) + entry.displacement - back;
  }
  const uint64_t offset = entry.is_64_bit ? in->Read<uint64_t>() : in->Read<uint32_t>();
  // Also what marks a CIE lies beyond the end.
  if (offset >= static_cast<uint64_t>(section.end - section.begin)) return 0;
  return reinterpret_cast<uintptr_t>(section.begin) + offset;
}

bool ReadFde(const Section& section, uintptr_t address, Fde* fde) {
  Entry entry;
  uint8_t* const room = section.copies != nullptr ? section.copies->fde : nullptr;
  if (!ReadEntry(section, address, room, TableCopies::kFdeBytes, &entry)) return false;
  ByteReader in(entry.id, entry.end);
  const uintptr_t cie = CieOf(section, entry, &in);
  if (cie == 0 || !ReadCie(section, cie, &fde->cie)) return false;
  // Addresses relative to where they are read are off by as much.
  if ((fde->cie.fde_encoding & kRelationMask) == kPcRelative) fde->cie.bias += entry.displacement;
  fde->begin = ReadAddress(&in, fde->cie);
  fde->end = fde->begin + ReadEncoded(&in, fde->cie.fde_encoding & kFormatMask, 0);
  if (fde->cie.has_augmentation_data) {
    const uint64_t size = in.ReadUleb();
    in.Take(size);
  }
  fde->program = in.at();
  fde->program_end = entry.end;
  return in.ok();
}

bool Covers(const Fde& fde, uintptr_t pc) { return pc >= fde.begin && pc < fde.end; }

// The last of `count` sorted rows that begins at or before the target: count if
// there is none. `function(i)` is where the i-th begins.
template <typename Position, typename Function>
uint64_t LastAtOrBefore(uint64_t count, Position target, const Function& function) {
  uint64_t low = 0;
  uint64_t high = count;
  while (low < high) {
    const uint64_t middle = low + (high - low) / 2;
    if (function(middle) <= target) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low == 0 ? count : low - 1;
}

struct Found {
  uintptr_t function;  // 0: nothing found
  uintptr_t fde;
};

using TableRow = TableCopies::Row;

// Of the header at `base`: how many functions its table has, 0 if it is none of
// the form that every linker writes.
uint64_t ReadTableHeader(ByteReader* in, uintptr_t base) {
  const auto version = in->Read<uint8_t>();
  const auto pointer_encoding = in->Read<uint8_t>();
  const auto count_encoding = in->Read<uint8_t>();
  const auto table_encoding = in->Read<uint8_t>();
  // Pairs of 32-bit offsets from the header.
  if (version != 1 || count_encoding == kOmitted || table_encoding != (kDataRelative | 0x0b)) {
    return 0;
  }
  if (pointer_encoding != kOmitted) ReadEncoded(in, pointer_encoding, base);
  const uint64_t count = ReadEncoded(in, count_encoding, base);
  return in->ok() ? count : 0;
}

// The rows of a table that may be gone, copied block by block.
class CopiedRows {
 public:
  CopiedRows(const uint8_t* rows, uint64_t count, TableCopies* copies)
      : rows_(rows), count_(count), copies_(copies) {}

  TableRow At(uint64_t i) {
    if (i / TableCopies::kRows != block_) Copy(i / TableCopies::kRows);
    return copies_->rows[i % TableCopies::kRows];
  }

 private:
  void Copy(uint64_t block) {
    const uint64_t first = block * TableCopies::kRows;
    const uint64_t rows = count_ - first < TableCopies::kRows ? count_ - first : TableCopies::kRows;
    const auto address = reinterpret_cast<uintptr_t>(rows_ + first * sizeof(TableRow));
    if (CopyMemory(address, copies_->rows, rows * sizeof(TableRow)) != rows * sizeof(TableRow)) {
      memset(copies_->rows, 0, sizeof(copies_->rows));
      copies_->failed = true;
    }
    block_ = block;
  }

  const uint8_t* const rows_;
  const uint64_t count_;
  TableCopies* const copies_;
  uint64_t block_ = UINT64_MAX;  // that is copied
};

// `row(i)` is the i-th of `count`.
template <typename RowAt>
Found SearchRows(uint64_t count, uintptr_t base, uintptr_t pc, const RowAt& row) {
  const uint64_t at = LastAtOrBefore(count, static_cast<int64_t>(pc - base), [&row](uint64_t i) {
    return static_cast<int64_t>(row(i).function);
  });
  if (at == count) return {};
  const TableRow found = row(at);
  return {base + static_cast<uintptr_t>(int64_t{found.function}),
          base + static_cast<uintptr_t>(int64_t{found.fde})};
}

[[gnu::noinline]] Found SearchCopies(const CfiModule& module, uintptr_t pc) {
  const auto base = reinterpret_cast<uintptr_t>(module.eh_frame_hdr);
  uint8_t* const header = module.copies->header;
  const size_t copied = CopyMemory(base, header, sizeof(module.copies->header));
  module.copies->failed |= copied != sizeof(module.copies->header);
  ByteReader in(header, header + copied);
  const uint64_t count = ReadTableHeader(&in, base);
  const uint8_t* table = module.eh_frame_hdr + (in.at() - header);
  if (count == 0 || count > static_cast<uint64_t>(module.end - table) / sizeof(TableRow)) return {};
  CopiedRows rows(table, count, module.copies);
  return SearchRows(count, base, pc, [&rows](uint64_t i) { return rows.At(i); });
}

// Binary search in .eh_frame_hdr.
Found SearchEhFrameHdr(const CfiModule& module, uintptr_t pc) {
  if (module.eh_frame_hdr < module.begin || module.eh_frame_hdr >= module.end) return {};
  if (module.copies != nullptr) return SearchCopies(module, pc);
  const auto base = reinterpret_cast<uintptr_t>(module.eh_frame_hdr);
  ByteReader in(module.eh_frame_hdr, module.end);
  const uint64_t count = ReadTableHeader(&in, base);
  const uint8_t* table = in.at();
  if (count == 0 || count > static_cast<uint64_t>(in.end() - table) / sizeof(TableRow)) return {};
  return SearchRows(count, base, pc, [table](uint64_t i) {
    TableRow row;
    memcpy(&row, table + i * sizeof(TableRow), sizeof(TableRow));
    return row;
  });
}

Found SearchDebugFrame(const DebugFrame& section, uintptr_t pc) {
  if (pc < section.module_begin) return {};
  const DebugFrame::Row* rows = section.rows;
  const uint64_t at = LastAtOrBefore(section.row_count, uint64_t{pc - section.module_begin},
                                     [rows](uint64_t i) { return uint64_t{rows[i].function}; });
  if (at == section.row_count) return {};
  return {section.module_begin + rows[at].function,
          reinterpret_cast<uintptr_t>(section.begin) + rows[at].fde};
}

}  // namespace

uintptr_t ReadAddress(ByteReader* in, const Cie& cie) {
  return ReadEncoded(in, cie.fde_encoding, 0) + cie.bias;
}

bool FindFdeInEhFrame(const CfiModule& module, uintptr_t pc, Fde* fde) {
  const Found found = SearchEhFrameHdr(module, pc);
  return found.function != 0 &&
         ReadFde({module.begin, module.end, false, 0, module.copies}, found.fde, fde) &&
         Covers(*fde, pc);
}

bool FindFdeBefore(const CfiModule& module, uintptr_t pc, Fde* fde) {
  // Records are aligned. Longer ones are of functions too large to be of interest.
  constexpr uintptr_t kAlignment = 4;
  constexpr uintptr_t kLongest = 4096;
  if (module.copies != nullptr) return false;
  const Found found = SearchEhFrameHdr(module, pc);
  const auto begin = reinterpret_cast<uintptr_t>(module.begin);
  const auto end = reinterpret_cast<uintptr_t>(module.end);
  if (found.function == 0 || found.fde < begin || found.fde >= end) return false;
  for (uintptr_t size = kAlignment; size <= kLongest; size += kAlignment) {
    if (found.fde - begin < size) return false;
    const uintptr_t at = found.fde - size;
    uint32_t length = 0;
    memcpy(&length, reinterpret_cast<const uint8_t*>(at), sizeof(length));
    if (length + sizeof(length) != size) continue;
    // What is in the table by that address is no coincidence.
    if (ReadFde({module.begin, module.end, false, 0}, at, fde) &&
        SearchEhFrameHdr(module, fde->begin).fde == at) {
      return true;
    }
  }
  return false;
}

bool FindFdeInDebugFrame(const DebugFrame& section, uintptr_t pc, Fde* fde) {
  const Found found = SearchDebugFrame(section, pc);
  return found.function != 0 &&
         ReadFde({section.begin, section.end, true, section.bias}, found.fde, fde) &&
         Covers(*fde, pc);
}

uintptr_t FunctionBefore(const CfiModule& module, uintptr_t pc) {
  const uintptr_t found = SearchEhFrameHdr(module, pc).function;
  if (module.debug_frame == nullptr) return found;
  const uintptr_t other = SearchDebugFrame(*module.debug_frame, pc).function;
  return other > found ? other : found;
}

}  // namespace pprofagent::hot
