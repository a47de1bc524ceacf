// SPDX-License-Identifier: Apache-2.0
//
// The records of call frame information: FDEs, one a function, and the CIEs that
// they share. They come in two sections of nearly the same form. .eh_frame is
// loaded with the object and has a sorted table of its functions in
// .eh_frame_hdr. .debug_frame is only in the file; what the service reads of it
// is in debug_frame.h. Its references are offsets from its beginning, and its
// addresses those of the file.
//
// All functions are async-signal-safe, and safe on corrupt input as long as the
// bytes of the section can be read. Those of a module that may be gone are copied
// first, record by record (table_copies.h).
#pragma once

#include <cstdint>

#include "agent/hot/unwind/byte_reader.h"
#include "agent/hot/unwind/cfi.h"
#include "agent/hot/unwind/debug_frame.h"

namespace pprofagent::hot {

struct Cie {
  uint64_t code_alignment;
  int64_t data_alignment;
  uint8_t fde_encoding;
  bool has_augmentation_data;
  bool signal_frame;
  // What is added to the addresses of its functions.
  uintptr_t bias;
  const uint8_t* program;
  const uint8_t* end;
};

struct Fde {
  Cie cie;
  uintptr_t begin;
  uintptr_t end;
  const uint8_t* program;
  const uint8_t* program_end;
};

// The FDE of the function around `pc`; false if there is none.
bool FindFdeInEhFrame(const CfiModule& module, uintptr_t pc, Fde* fde);
bool FindFdeInDebugFrame(const DebugFrame& section, uintptr_t pc, Fde* fde);

// The FDE whose record lies before the one of the function around `pc`; false if
// there is none, or the module may be gone. Compilers write one that they have cut
// in two parts after the other.
bool FindFdeBefore(const CfiModule& module, uintptr_t pc, Fde* fde);

// Where the last function begins that begins at or before `pc`; 0: none does.
// It need not reach as far as `pc`.
uintptr_t FunctionBefore(const CfiModule& module, uintptr_t pc);

// An address, as this CIE's FDEs have them.
uintptr_t ReadAddress(ByteReader* in, const Cie& cie);

}  // namespace pprofagent::hot
