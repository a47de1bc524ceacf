// SPDX-License-Identifier: Apache-2.0
#include "tools/profile/legacy/frame_filters.h"

#include <initializer_list>
#include <string>
#include <string_view>

namespace cpprof::profile::legacy {
namespace {

constexpr std::string_view kAllocators =
    // POSIX
    "calloc|cfree|malloc|free|memalign|do_memalign|(__)?posix_memalign|pvalloc|valloc|realloc|"
    // tcmalloc
    "tcmalloc::.*|tc_calloc|tc_cfree|tc_malloc|tc_free|tc_memalign|tc_posix_memalign|tc_pvalloc|"
    "tc_valloc|tc_realloc|tc_new|tc_delete|tc_newarray|tc_deletearray|tc_new_nothrow|"
    "tc_newarray_nothrow|"
    // macOS
    "malloc_zone_malloc|malloc_zone_calloc|malloc_zone_valloc|malloc_zone_realloc|"
    "malloc_zone_memalign|malloc_zone_free|"
    // Go
    "runtime\\..*|"
    // others, and the C++ library
    "BaseArena::.*|(::)?do_malloc_no_errno|(::)?do_malloc_pages|(::)?do_malloc|"
    "DoSampledAllocation|MallocedMemBlock::MallocedMemBlock|_M_allocate|__builtin_(vec_)?delete|"
    "__builtin_(vec_)?new|__gnu_cxx::new_allocator::allocate|__libc_malloc|"
    "__malloc_alloc_template::allocate|allocate|cpp_alloc|operator new(\\[\\])?|"
    "simple_alloc::allocate";

// Go's runtime functions that are interesting in the middle of a stack.
constexpr std::string_view kKeptInHeaps =
    "runtime\\.panic|runtime\\.reflectcall|runtime\\.call[0-9]*";

constexpr std::string_view kLocks =
    "RecordLockProfileData|(base::)?RecordLockProfileData.*|(base::)?SubmitMutexProfileData.*|"
    "(base::)?SubmitSpinLockProfileData.*|(base::Mutex::)?AwaitCommon.*|(base::Mutex::)?Unlock.*|"
    "(base::Mutex::)?UnlockSlow.*|(base::Mutex::)?ReaderUnlock.*|(base::MutexLock::)?~MutexLock.*|"
    "(Mutex::)?AwaitCommon.*|(Mutex::)?Unlock.*|(Mutex::)?UnlockSlow.*|(Mutex::)?ReaderUnlock.*|"
    "(MutexLock::)?~MutexLock.*|(SpinLock::)?Unlock.*|(SpinLock::)?SlowUnlock.*|"
    "(SpinLockHolder::)?~SpinLockHolder.*";

constexpr std::string_view kSignalHandlers =
    "ProfileData::Add|ProfileData::prof_handler|CpuProfiler::prof_handler|__pthread_sighandler|"
    "__restore";

bool TypesAre(const Profile& profile, std::initializer_list<std::string_view> names) {
  if (profile.sample_types.size() != names.size()) return false;
  size_t i = 0;
  for (const std::string_view name : names) {
    if (profile.Text(profile.sample_types[i++].type) != name) return false;
  }
  return true;
}

bool IsHeap(const Profile& profile) {
  return TypesAre(profile, {"allocations", "size"}) || TypesAre(profile, {"objects", "space"}) ||
         TypesAre(profile, {"inuse_objects", "inuse_space"}) ||
         TypesAre(profile, {"alloc_objects", "alloc_space"}) ||
         TypesAre(profile, {"alloc_objects", "alloc_space", "inuse_objects", "inuse_space"});
}

}  // namespace

void AddFrameFilters(Profile* profile) {
  if (IsHeap(*profile)) {
    profile->drop_frames = profile->Intern(kAllocators);
    profile->keep_frames = profile->Intern(kKeptInHeaps);
  } else if (TypesAre(*profile, {"contentions", "delay"})) {
    profile->drop_frames = profile->Intern(kLocks);
  } else {
    profile->drop_frames = profile->Intern(kSignalHandlers);
  }
}

}  // namespace cpprof::profile::legacy
