// SPDX-License-Identifier: Apache-2.0
//
// The real functions that change who the process is, found as those of
// real_locks.h are.
#pragma once

#include <sys/types.h>

#include <cstddef>

namespace pprofagent::hot {

struct RealIdentity {
  int (*setuid)(uid_t);
  int (*setgid)(gid_t);
  int (*seteuid)(uid_t);
  int (*setegid)(gid_t);
  int (*setreuid)(uid_t, uid_t);
  int (*setregid)(gid_t, gid_t);
  int (*setresuid)(uid_t, uid_t, uid_t);
  int (*setresgid)(gid_t, gid_t, gid_t);
  int (*setgroups)(size_t, const gid_t*);
  int (*initgroups)(const char*, gid_t);
};

extern constinit RealIdentity g_real_identity __attribute__((visibility("hidden")));

// At start, and by the first call before. Not async-signal-safe.
void ResolveRealIdentity();

}  // namespace pprofagent::hot
