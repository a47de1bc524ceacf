// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/rt/clock.h"

#include <elf.h>
#include <link.h>
#include <string.h>
#include <sys/auxv.h>

namespace pprofagent::hot {

constinit VdsoClock g_vdso_clock = nullptr;

namespace {

// The kernel's own image, mapped whole and well-formed: read without checks.
struct Image {
  uintptr_t bias;
  const ElfW(Sym) * symbols;
  const char* names;
  const ElfW(Word) * hash;      // DT_HASH, which newer kernels lack
  const ElfW(Word) * gnu_hash;  // DT_GNU_HASH, which older ones lack
};

template <typename T>
const T* At(uintptr_t address) {
  return reinterpret_cast<const T*>(address);
}

bool ReadImage(uintptr_t base, Image* image) {
  const auto* header = At<ElfW(Ehdr)>(base);
  const auto* segment = At<ElfW(Phdr)>(base + header->e_phoff);
  const ElfW(Dyn)* dynamic = nullptr;
  bool has_bias = false;
  for (int i = 0; i < header->e_phnum; ++i, ++segment) {
    if (segment->p_type == PT_LOAD && !has_bias) {
      image->bias = base + segment->p_offset - segment->p_vaddr;
      has_bias = true;
    } else if (segment->p_type == PT_DYNAMIC) {
      dynamic = At<ElfW(Dyn)>(base + segment->p_offset);
    }
  }
  if (!has_bias || dynamic == nullptr) return false;
  for (; dynamic->d_tag != DT_NULL; ++dynamic) {
    const uintptr_t address = image->bias + dynamic->d_un.d_ptr;
    if (dynamic->d_tag == DT_SYMTAB) image->symbols = At<ElfW(Sym)>(address);
    if (dynamic->d_tag == DT_STRTAB) image->names = At<char>(address);
    if (dynamic->d_tag == DT_HASH) image->hash = At<ElfW(Word)>(address);
    if (dynamic->d_tag == DT_GNU_HASH) image->gnu_hash = At<ElfW(Word)>(address);
  }
  return image->symbols != nullptr && image->names != nullptr;
}

// One more than the highest index that the hash table reaches.
uint32_t SymbolsByGnuHash(const ElfW(Word) * table) {
  const uint32_t buckets = table[0];
  const uint32_t first = table[1];
  const uint32_t bloom_words = table[2];
  const ElfW(Word)* bucket = table + 4 + bloom_words * (sizeof(ElfW(Addr)) / sizeof(ElfW(Word)));
  const ElfW(Word)* chain = bucket + buckets;
  uint32_t last = 0;
  for (uint32_t i = 0; i < buckets; ++i) {
    if (bucket[i] > last) last = bucket[i];
  }
  if (last < first) return first;
  while ((chain[last - first] & 1) == 0) ++last;
  return last + 1;
}

uint32_t SymbolCount(const Image& image) {
  if (image.hash != nullptr) return image.hash[1];
  return image.gnu_hash != nullptr ? SymbolsByGnuHash(image.gnu_hash) : 0;
}

#if defined(__aarch64__)
constexpr char kClockName[] = "__kernel_clock_gettime";
#else
constexpr char kClockName[] = "__vdso_clock_gettime";
#endif

bool IsNamed(const char* name, const char* wanted) {
  while (*wanted != '\0' && *name == *wanted) ++name, ++wanted;
  return *name == *wanted;
}

}  // namespace

void InitializeClock() {
  const auto base = static_cast<uintptr_t>(getauxval(AT_SYSINFO_EHDR));
  Image image{};
  if (base == 0 || !ReadImage(base, &image)) return;
  const uint32_t count = SymbolCount(image);
  for (uint32_t i = 0; i < count; ++i) {
    const ElfW(Sym)& symbol = image.symbols[i];
    if (symbol.st_shndx == SHN_UNDEF || !IsNamed(image.names + symbol.st_name, kClockName)) {
      continue;
    }
    g_vdso_clock = reinterpret_cast<VdsoClock>(image.bias + symbol.st_value);
    return;
  }
}

}  // namespace pprofagent::hot
