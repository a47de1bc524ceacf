// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace pprofagent::hot {

// Copies memory of this process that may not be there, or not be there any more
// by the time it is read. Returns the bytes copied, all those that could be read
// without a gap from `address` on. The kernel does the reading: nothing faults.
// 0.5 us and the copying. errno untouched; no allocation; not under seccomp.
size_t CopyMemory(uintptr_t address, void* out, size_t bytes);

// One object of plain data; false if it is not all there.
template <typename T>
bool CopyObject(uintptr_t address, T* out) {
  return CopyMemory(address, out, sizeof(T)) == sizeof(T);
}

}  // namespace pprofagent::hot
