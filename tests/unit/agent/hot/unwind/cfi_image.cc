// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/agent/hot/unwind/cfi_image.h"

#include <sys/mman.h>

namespace pprofagent::hot {

namespace {

constexpr size_t kPage = 4096;

void Append32(std::vector<uint8_t>* to, int64_t value) {
  const auto word = static_cast<uint32_t>(value);
  for (int i = 0; i < 4; ++i) to->push_back(static_cast<uint8_t>(word >> (8 * i)));
}

void Append(std::vector<uint8_t>* to, const std::vector<uint8_t>& bytes) {
  to->insert(to->end(), bytes.begin(), bytes.end());
}

// With its length before it, padded with nops.
void AppendRecord(std::vector<uint8_t>* to, std::vector<uint8_t> record) {
  while (record.size() % 4 != 0) record.push_back(0);
  Append32(to, static_cast<int64_t>(record.size()));
  Append(to, record);
}

std::vector<uint8_t> Cie(const CfiImage::Bytes& initial, const char* augmentation,
                         const CfiImage::Bytes& data, uint8_t version) {
  std::vector<uint8_t> cie(4, 0);
  cie.push_back(version);
  for (const char* at = augmentation; *at != '\0'; ++at) cie.push_back(static_cast<uint8_t>(*at));
  cie.push_back(0);
  if (version == 4) Append(&cie, {8, 0});
  Append(&cie, {1, 0x78, 16});  // code alignment 1, data alignment -8, return address in 16
  if (augmentation[0] == 'z') cie.push_back(static_cast<uint8_t>(data.size()));
  Append(&cie, data);
  Append(&cie, initial);
  return cie;
}

std::vector<uint8_t> Build(const CfiImage::Bytes& program, const std::vector<uint8_t>& cie) {
  constexpr int64_t kHeader = 20;
  std::vector<uint8_t> image = {1, 0x1b, 0x03, 0x3b};
  Append32(&image, kHeader - 4);  // .eh_frame, from here
  Append32(&image, 1);            // functions
  Append32(&image, CfiImage::kFunction);
  Append32(&image, 0);  // the FDE's place, filled in below
  AppendRecord(&image, cie);
  const auto fde_at = static_cast<int64_t>(image.size());
  std::vector<uint8_t> fde;
  Append32(&fde, fde_at + 4 - kHeader);                // back to the CIE
  Append32(&fde, CfiImage::kFunction - (fde_at + 8));  // from here to the function
  Append32(&fde, CfiImage::kFunctionSize);
  fde.push_back(0);  // no augmentation data
  Append(&fde, program);
  AppendRecord(&image, fde);
  memcpy(image.data() + 16, &fde_at, 4);
  return image;
}

}  // namespace

GuardedBytes::GuardedBytes(const std::vector<uint8_t>& bytes) : size_(bytes.size()) {
  const size_t pages = (size_ + kPage - 1) / kPage;
  mapped_ = (pages + 2) * kPage;
  mapping_ =
      static_cast<uint8_t*>(mmap(nullptr, mapped_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  mprotect(mapping_ + kPage, pages * kPage, PROT_READ | PROT_WRITE);
  end_ = mapping_ + kPage + pages * kPage;
  memcpy(begin(), bytes.data(), size_);
}

GuardedBytes::~GuardedBytes() { munmap(mapping_, mapped_); }

CfiImage::CfiImage(const Bytes& program, const Bytes& initial, const char* augmentation,
                   const Bytes& augmentation_data, uint8_t version)
    : bytes_(Build(program, Cie(initial, augmentation, augmentation_data, version))) {}

}  // namespace pprofagent::hot
