// SPDX-License-Identifier: Apache-2.0
#include "agent/service/http/socket_file.h"

#include <algorithm>
#include <atomic>
#include <iterator>

namespace pprofagent::service {
namespace {

// One for the option HTTP, one for SOCKET. A file once published here is never
// freed: another thread may be about to remove it.
constexpr int kFiles = 2;
constinit std::atomic<const SocketFile*> files[kFiles] = {};

}  // namespace

void RememberSocketFile(const SocketFile& file) {
  const auto* copy = new SocketFile(file);
  for (auto& slot : files) {
    const SocketFile* expected = nullptr;
    if (slot.compare_exchange_strong(expected, copy)) return;
  }
  delete copy;
}

void ForgetSocketFile(const SocketFile& file) {
  for (auto& slot : files) {
    const SocketFile* remembered = slot.load();
    if (remembered != nullptr && remembered->path == file.path) slot.store(nullptr);
  }
}

bool HasSocketFiles() {
  return std::any_of(std::begin(files), std::end(files),
                     [](const auto& slot) { return slot.load() != nullptr; });
}

void RemoveSocketFiles() {
  for (auto& slot : files) {
    if (const SocketFile* file = slot.exchange(nullptr)) RemoveSocketFile(*file);
  }
}

void ForgetSocketFiles() {
  for (auto& slot : files) slot.store(nullptr);
}

}  // namespace pprofagent::service
