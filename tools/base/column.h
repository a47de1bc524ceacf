// SPDX-License-Identifier: Apache-2.0
//
// Vectors for what may be hundreds of megabytes: file contents and the columns of a profile.
// resize() leaves new elements of trivial types as they are, instead of clearing memory that is
// about to be overwritten. What was only reserved is address space and takes no memory until it is
// written, so reserving too much is cheap and growing step by step is not. (Huge pages were tried:
// in a virtual machine the kernel needed twice the time to clear them.)
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace cpprof {

template <typename T>
class ColumnAllocator : public std::allocator<T> {
 public:
  template <typename U>
  struct rebind {
    using other = ColumnAllocator<U>;
  };

  template <typename U>
  void construct(U* place) {
    ::new (static_cast<void*>(place)) U;
  }
  template <typename U, typename... Arguments>
  void construct(U* place, Arguments&&... arguments) {
    ::new (static_cast<void*>(place)) U(std::forward<Arguments>(arguments)...);
  }
};

template <typename T>
using Column = std::vector<T, ColumnAllocator<T>>;

// The contents of a file.
using Bytes = Column<char>;
inline std::string_view View(const Bytes& bytes) { return {bytes.data(), bytes.size()}; }

}  // namespace cpprof
