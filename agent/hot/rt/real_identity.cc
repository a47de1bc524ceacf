// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/rt/real_identity.h"

#include "agent/hot/rt/late.h"
#include "agent/hot/rt/thread_state.h"

namespace pprofagent::hot {

namespace {

template <auto kEntry>
constexpr auto kLate = &Late<g_real_identity, kEntry, ResolveRealIdentity>::Call;

}  // namespace

constinit RealIdentity g_real_identity = {
    kLate<&RealIdentity::setuid>,    kLate<&RealIdentity::setgid>,
    kLate<&RealIdentity::seteuid>,   kLate<&RealIdentity::setegid>,
    kLate<&RealIdentity::setreuid>,  kLate<&RealIdentity::setregid>,
    kLate<&RealIdentity::setresuid>, kLate<&RealIdentity::setresgid>,
    kLate<&RealIdentity::setgroups>, kLate<&RealIdentity::initgroups>,
};

void ResolveRealIdentity() {
  const Guard guard;
  RealIdentity real = g_real_identity;
  LookupNext("setuid", &real.setuid);
  LookupNext("setgid", &real.setgid);
  LookupNext("seteuid", &real.seteuid);
  LookupNext("setegid", &real.setegid);
  LookupNext("setreuid", &real.setreuid);
  LookupNext("setregid", &real.setregid);
  LookupNext("setresuid", &real.setresuid);
  LookupNext("setresgid", &real.setresgid);
  LookupNext("setgroups", &real.setgroups);
  LookupNext("initgroups", &real.initgroups);
  g_real_identity = real;
}

}  // namespace pprofagent::hot
