// SPDX-License-Identifier: Apache-2.0
//
// System calls that a kernel or a sandbox refuses: a filter of the thread that
// runs the body, and of those it makes.
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>

#include <cstdint>
#include <thread>
#include <vector>

namespace pprofagent::test {

struct Refusal {
  long call;
  int error;
  // If not 0, only where this argument (of six) has one of these bits.
  uint32_t bits = 0;
  uint32_t argument = 0;
};

inline bool Refuse(const std::vector<Refusal>& refusals) {
  constexpr uint32_t kArguments = offsetof(seccomp_data, args);
  std::vector<sock_filter> code;
  for (const Refusal& refusal : refusals) {
    const auto error = static_cast<uint32_t>(refusal.error);
    code.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)));
    if (refusal.bits == 0) {
      code.push_back(
          BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(refusal.call), 0, 1));
    } else {
      code.push_back(
          BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(refusal.call), 0, 3));
      code.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kArguments + 8 * refusal.argument));
      code.push_back(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, refusal.bits, 0, 1));
    }
    code.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error));
  }
  code.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  const sock_fprog program = {static_cast<uint16_t>(code.size()), code.data()};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

// False if filters are not to be had here; then the body has not run.
template <typename Body>
bool WithRefused(const std::vector<Refusal>& refusals, const Body& body) {
  bool refused = false;
  std::thread([&] {
    refused = Refuse(refusals);
    if (refused) body();
  }).join();
  return refused;
}

}  // namespace pprofagent::test
