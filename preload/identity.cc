// SPDX-License-Identifier: Apache-2.0
//
// Users and groups. To the kernel they are a thread's, and so are capabilities and
// whether those are kept; libc changes the former in all threads, and ends the process
// where one of them may not. A thread of ours knows nothing of capabilities that the
// program has changed in its own; then there is none meanwhile.
#include <grp.h>
#include <unistd.h>

#include "agent/hot/rt/real_identity.h"
#include "preload/export.h"
#include "preload/single_thread.h"

namespace pprofagent::preload {

using hot::g_real_identity;
using hot::IdentityChanges;

PPROFAGENT_INTERPOSE int setuid(uid_t user) {
  return CallWithoutHelper(IdentityChanges(), g_real_identity.setuid, user);
}

PPROFAGENT_INTERPOSE int setgid(gid_t group) {
  return CallWithoutHelper(IdentityChanges(), g_real_identity.setgid, group);
}

PPROFAGENT_INTERPOSE int seteuid(uid_t user) {
  return CallWithoutHelper(IdentityChanges(), g_real_identity.seteuid, user);
}

PPROFAGENT_INTERPOSE int setegid(gid_t group) {
  return CallWithoutHelper(IdentityChanges(), g_real_identity.setegid, group);
}

PPROFAGENT_INTERPOSE int setreuid(uid_t real, uid_t effective) {
  return CallWithoutHelper(IdentityChanges(), g_real_identity.setreuid, real, effective);
}

PPROFAGENT_INTERPOSE int setregid(gid_t real, gid_t effective) {
  return CallWithoutHelper(IdentityChanges(), g_real_identity.setregid, real, effective);
}

PPROFAGENT_INTERPOSE int setresuid(uid_t real, uid_t effective, uid_t saved) {
  return CallWithoutHelper(IdentityChanges(), g_real_identity.setresuid, real, effective, saved);
}

PPROFAGENT_INTERPOSE int setresgid(gid_t real, gid_t effective, gid_t saved) {
  return CallWithoutHelper(IdentityChanges(), g_real_identity.setresgid, real, effective, saved);
}

PPROFAGENT_INTERPOSE int setgroups(size_t count, const gid_t* groups) {
  return CallWithoutHelper(IdentityChanges(), g_real_identity.setgroups, count, groups);
}

PPROFAGENT_INTERPOSE int initgroups(const char* user, gid_t group) {
  return CallWithoutHelper(IdentityChanges(), g_real_identity.initgroups, user, group);
}

}  // namespace pprofagent::preload
