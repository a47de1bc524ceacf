// SPDX-License-Identifier: Apache-2.0
//
// pprofagent's interface for the program that is profiled: C99, header only.
//
// Include it, link nothing. The program runs with and without the agent: the
// functions look the agent up when they are first called and return -ENOSYS if
// it is not there (LD_PRELOAD=libpprofagent.so is what brings it). A program
// linked statically never finds it.
//
// Unless said otherwise, a function
//   - returns 0 or a positive result, or a negative errno and does nothing;
//   - may be called by any thread at any time, but not from a signal handler, not
//     by a child of vfork, and not with a lock held that the write function it is
//     given takes;
//   - leaves errno as it was and is no cancellation point.
// -ENOSYS (no agent), -EAGAIN (no memory, or no thread could be started) and, in
// a program that has entered a seccomp sandbox, -EPERM can come from all that
// return an error.
//
// Everything here is since 0.1.0.
#pragma once

// It is C: a C++ program that wants no C casts and no NULL means its own code.
#if defined(__cplusplus) && defined(__GNUC__)
#pragma GCC system_header
#endif

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// A kind of profile: one of the agent's ("heap", "allocs", "goroutine", ...) or
// one that the program made. Valid as long as the process.
typedef struct pprofagent_profile pprofagent_profile;

// Gets a profile's bytes, in order, on the thread of the call that writes, which
// returns afterwards. 0: go on; anything else ends the writing, and that call
// returns -EIO.
typedef int (*pprofagent_write_fn)(void* context, const void* bytes, size_t size);

// What the program attaches to its own doings: a key and a text. Both must be
// UTF-8; at most 100 and 1000 bytes.
typedef struct pprofagent_label {
  const char* key;
  const char* value;
} pprofagent_label;

// A set of labels. The same labels are the same set in the whole process, and a
// set stays valid as long as that. 0: no labels.
typedef uint32_t pprofagent_labels;

// A request that the program's own server has read, for pprofagent_http_handle.
typedef struct pprofagent_http_request {
  const char* method;  // "GET"
  const char* prefix;  // where the program serves the endpoints: "/admin/pprof"
  const char* target;  // as the client sent it: "/admin/pprof/heap?debug=1"
  const char* body;    // null: none
  size_t body_size;
  // Asked ten times a second while a profile over an interval is taken, on the
  // thread of the call: whether the client has left. May be null.
  int (*is_gone)(void* context);
  void* context;
} pprofagent_http_request;

typedef struct pprofagent_http_header {
  const char* name;
  const char* value;
} pprofagent_http_header;

// Where the answer goes, on the thread of the call.
typedef struct pprofagent_http_response {
  // Once, first. `body_size` is the Content-Length; it, Date and Connection are the
  // server's to write. 0: go on; anything else ends it.
  int (*head)(void* context, int status, const pprofagent_http_header* headers, size_t count,
              size_t body_size);
  // Then the body, unless it is empty or the method HEAD.
  pprofagent_write_fn write;
  void* context;
} pprofagent_http_response;

// What the agent hands out: newer ones append to it. Not for direct use.
#define PPROFAGENT_ABI 1
struct pprofagent_api {
  uint32_t abi;
  uint32_t size;  // of this struct, as the agent knows it
  int (*cpu_start)(pprofagent_write_fn write, void* context);
  int (*cpu_stop)(void);
  int64_t (*set_heap_rate)(int64_t bytes);
  int64_t (*set_mutex_fraction)(int64_t fraction);
  int64_t (*set_block_rate)(int64_t nanoseconds);
  pprofagent_profile* (*lookup)(const char* name);
  int (*create)(const char* name, pprofagent_profile** profile);
  size_t (*list)(pprofagent_profile** profiles, size_t capacity);
  const char* (*name)(const pprofagent_profile* profile);
  int64_t (*count)(pprofagent_profile* profile);
  int (*add)(pprofagent_profile* profile, const void* key, int64_t value, int skip);
  int (*remove)(pprofagent_profile* profile, const void* key);
  int (*write)(pprofagent_profile* profile, int debug, pprofagent_write_fn write, void* context);
  int (*dump)(pprofagent_profile* profile, const char* path);
  int (*labels_with)(pprofagent_labels base, const pprofagent_label* added, size_t count,
                     pprofagent_labels* made);
  int (*labels_set)(pprofagent_labels labels);
  pprofagent_labels (*labels_get)(void);
  size_t (*labels_list)(pprofagent_labels labels, pprofagent_label* found, size_t capacity);
  int (*http_handle)(const pprofagent_http_request* request,
                     const pprofagent_http_response* response);
};

// Whether the agent's table, which may be of an older one, has this function.
#define PPROFAGENT_HAS(api, function) \
  ((api) != NULL &&                   \
   offsetof(struct pprofagent_api, function) + sizeof((api)->function) <= (api)->size)

// The agent's table; null without it. Found once; a later call costs two loads.
static inline const struct pprofagent_api* pprofagent_get(void) {
  typedef const struct pprofagent_api* (*get_fn)(uint32_t abi);
  // All ones: it was looked for and is not there.
  static get_fn found;
  get_fn get = __atomic_load_n(&found, __ATOMIC_ACQUIRE);
  if (get == (get_fn)-1) return NULL;
  if (get == NULL) {
    const int saved_errno = errno;
    // RTLD_DEFAULT, which <dlfcn.h> has only under _GNU_SOURCE.
    void* const symbol = dlsym((void*)0, "pprofagent_get_api");
    errno = saved_errno;
    *(void**)(&get) = symbol;
    __atomic_store_n(&found, symbol == NULL ? (get_fn)-1 : get, __ATOMIC_RELEASE);
    if (symbol == NULL) return NULL;
  }
  return get(PPROFAGENT_ABI);
}

// Whether an agent is there and active in this process (PPROFAGENT_ONLY).
static inline int pprofagent_present(void) { return pprofagent_get() != NULL; }

// --- CPU profiles -------------------------------------------------------------

// Starts a CPU profile of all threads, at PPROFAGENT_CPU_RATE samples per second
// of CPU time. pprofagent_cpu_stop passes it to `write`. -EBUSY: one runs already,
// started here, by a signal or over HTTP (one that an option has started does not
// count); -ENOTSUP: the kernel or the program leaves the agent no timer or no
// signal.
static inline int pprofagent_cpu_start(pprofagent_write_fn write, void* context) {
  const struct pprofagent_api* api = pprofagent_get();
  return api == NULL ? -ENOSYS : api->cpu_start(write, context);
}

// Ends it and writes it (profile.proto, compressed by gzip) by the function given
// at the start, but on this thread; returns after the last byte. -EINVAL: none
// runs; -EIO: the write function refused.
static inline int pprofagent_cpu_stop(void) {
  const struct pprofagent_api* api = pprofagent_get();
  return api == NULL ? -ENOSYS : api->cpu_stop();
}

// --- Rates --------------------------------------------------------------------

// Mean bytes between two heap samples; 1: every allocation, 0: none. Takes effect
// in each thread at its next sample. Returns the rate before; a negative one only
// asks.
static inline int64_t pprofagent_set_heap_rate(int64_t bytes) {
  const struct pprofagent_api* api = pprofagent_get();
  return api == NULL ? -ENOSYS : api->set_heap_rate(bytes);
}

// One of so many contended releases of locks is recorded in the mutex and
// contention profiles; 1: all, 0: none. At once in all threads. Returns the
// fraction before; a negative one only asks.
static inline int64_t pprofagent_set_mutex_fraction(int64_t fraction) {
  const struct pprofagent_api* api = pprofagent_get();
  return api == NULL ? -ENOSYS : api->set_mutex_fraction(fraction);
}

// Waits of at least so many nanoseconds are recorded in the block profile, shorter
// ones in proportion to their length; 1: all, 0: none. At once in all threads.
// Returns the rate before; a negative one only asks.
static inline int64_t pprofagent_set_block_rate(int64_t nanoseconds) {
  const struct pprofagent_api* api = pprofagent_get();
  return api == NULL ? -ENOSYS : api->set_block_rate(nanoseconds);
}

// --- Profiles by name ---------------------------------------------------------

// Null: there is none of this name, or no agent. Aliases are known ("threads").
// CPU time ("cpu", "profile") is recorded over an interval only and is not among
// them: see pprofagent_cpu_start.
static inline pprofagent_profile* pprofagent_lookup(const char* name) {
  const struct pprofagent_api* api = pprofagent_get();
  return api == NULL ? NULL : api->lookup(name);
}

// All there are, the agent's and the program's, ordered by name. Stores at most
// `capacity` of them and returns how many there are; 0 without an agent.
static inline size_t pprofagent_list(pprofagent_profile** profiles, size_t capacity) {
  const struct pprofagent_api* api = pprofagent_get();
  return api == NULL ? 0 : api->list(profiles, capacity);
}

// Valid as long as the process. "" for a null profile.
static inline const char* pprofagent_name(const pprofagent_profile* profile) {
  const struct pprofagent_api* api = pprofagent_get();
  return api == NULL || profile == NULL ? "" : api->name(profile);
}

// Of the program's own profiles: entries that are in it now. Of threads: threads.
// Of the others: different stacks. -EINVAL: null.
static inline int64_t pprofagent_count(pprofagent_profile* profile) {
  const struct pprofagent_api* api = pprofagent_get();
  return api == NULL ? -ENOSYS : api->count(profile);
}

// Writes what the profile has at this moment, as profile.proto compressed by gzip
// (debug 0), or as text for people (debug 1; of threads also 2: every one by
// itself, 3: in the grammar of Go's dumps, 4: as threadz). Returns after the last
// byte. -EINVAL: a null profile, a negative debug, or a profile without text; -EIO:
// the write function refused.
static inline int pprofagent_write(pprofagent_profile* profile, int debug,
                                   pprofagent_write_fn write, void* context) {
  const struct pprofagent_api* api = pprofagent_get();
  return api == NULL ? -ENOSYS : api->write(profile, debug, write, context);
}

// Writes it into a file, whole or not at all: to `path` (relative to the working
// directory), or, if that is null, into the dump directory under the usual name.
// -EINVAL: a null profile; -EIO: the file could not be written; the log says why.
static inline int pprofagent_dump(pprofagent_profile* profile, const char* path) {
  const struct pprofagent_api* api = pprofagent_get();
  return api == NULL ? -ENOSYS : api->dump(profile, path);
}

// --- Profiles of the program's own --------------------------------------------
//
// A set of things that are alive (connections, requests, handles), each with the
// stack that made it: add when it is made, remove when it goes. The profile shows
// where those come from that are there now.

// Makes one. The name (at most 100 bytes, unique) becomes its sample type, its
// unit is "count". There is no way to unmake it. -EINVAL: no name, or one too
// long; -EEXIST: the program has made one of this name before, and `*profile` is
// that one; -EPERM: the agent has one of this name.
static inline int pprofagent_create(const char* name, pprofagent_profile** profile) {
  const struct pprofagent_api* api = pprofagent_get();
  return api == NULL ? -ENOSYS : api->create(name, profile);
}

// Puts `key` in, with the caller's stack less its `skip` innermost frames, and a
// weight, usually 1. Costs about a microsecond. -EINVAL: a null profile or key, a
// negative skip; -EPERM: one of the agent's own; -EEXIST: the key is in already.
static inline int pprofagent_add(pprofagent_profile* profile, const void* key, int64_t value,
                                 int skip) {
  const struct pprofagent_api* api = pprofagent_get();
  return api == NULL ? -ENOSYS : api->add(profile, key, value, skip);
}

// Takes it out. -ENOENT: it is not in.
static inline int pprofagent_remove(pprofagent_profile* profile, const void* key) {
  const struct pprofagent_api* api = pprofagent_get();
  return api == NULL ? -ENOSYS : api->remove(profile, key);
}

// --- Labels -------------------------------------------------------------------
//
// Every sample that is taken of a thread, for whichever profile, has the labels the
// thread has at that moment: which request it serves, for whom. Threads it makes
// begin with them. `cpprof -tags`, -tagfocus and -tagroot tell the samples apart.
//
//   pprofagent_label labels[] = {{"user", user}, {"path", path}};
//   pprofagent_labels former = 0;
//   pprofagent_labels_push(labels, 2, &former);
//   serve();
//   pprofagent_labels_set(former);
//
// Setting a set that is known costs some ten nanoseconds, finding one by its labels
// about two hundred. Sets are remembered for good, 65,535 of them at the most:
// a user's name is a good label, the number of a request is none. The keys `kind`,
// `role`, `object`, `pair` and `bytes` are those of the agent in some profiles.

// The set `base` (0: none) with more labels, of which a later one replaces one of
// the same key and an empty value takes its key out. -EINVAL: no such set, null, or
// an empty key; -E2BIG: a text is too long, or the set would have more than 32;
// -EILSEQ: no UTF-8; -ENOSPC: there are too many sets, which profiles then say.
static inline int pprofagent_labels_with(pprofagent_labels base, const pprofagent_label* added,
                                         size_t count, pprofagent_labels* made) {
  const struct pprofagent_api* api = pprofagent_get();
  if (!PPROFAGENT_HAS(api, labels_with)) return -ENOSYS;
  return api->labels_with(base, added, count, made);
}

// The calling thread's labels from now on. -EINVAL: no such set; -EAGAIN: no
// memory, or the thread is in its last destructors.
static inline int pprofagent_labels_set(pprofagent_labels labels) {
  const struct pprofagent_api* api = pprofagent_get();
  return PPROFAGENT_HAS(api, labels_set) ? api->labels_set(labels) : -ENOSYS;
}

// The calling thread's labels; also for handing them to another thread.
static inline pprofagent_labels pprofagent_labels_get(void) {
  const struct pprofagent_api* api = pprofagent_get();
  return PPROFAGENT_HAS(api, labels_get) ? api->labels_get() : 0;
}

// Adds to the calling thread's labels. `*former` becomes what it had, for
// pprofagent_labels_set to go back to, whatever the result. Errors as of
// pprofagent_labels_with and pprofagent_labels_set; nothing has changed then.
static inline int pprofagent_labels_push(const pprofagent_label* added, size_t count,
                                         pprofagent_labels* former) {
  pprofagent_labels made = 0;
  const pprofagent_labels base = pprofagent_labels_get();
  int result;
  if (former != NULL) *former = base;
  result = pprofagent_labels_with(base, added, count, &made);
  return result == 0 ? pprofagent_labels_set(made) : result;
}

// What is in the set, by key. Stores at most `capacity` labels, whose texts are
// valid as long as the process, and returns how many there are.
static inline size_t pprofagent_labels_list(pprofagent_labels labels, pprofagent_label* found,
                                            size_t capacity) {
  const struct pprofagent_api* api = pprofagent_get();
  return PPROFAGENT_HAS(api, labels_list) ? api->labels_list(labels, found, capacity) : 0;
}

// --- HTTP ---------------------------------------------------------------------

// Answers a request below `prefix` as the agent's own server (PPROFAGENT_HTTP)
// answers it below /debug/pprof: index, all profiles, those of the program too,
// texts, differences, profiles over an interval. So the program serves them at a
// place of its choice to whom it chooses: it asks for the password first. Whoever may
// call this sees addresses, function names, labels and the command line. Control is
// not served. GET, HEAD and, for /symbol, POST should come here; where the prefix ends
// in /debug/pprof every analyzer finds /symbol by itself.
//
// Blocks the calling thread, no other one, for as long as the client has asked for
// (`seconds=`, 30 for /profile). -EINVAL: null where something must be; -ECANCELED:
// the client has left; -EIO: a response function refused; after the other errors
// nothing has been passed to `response`, and 503 is the fitting answer.
static inline int pprofagent_http_handle(const pprofagent_http_request* request,
                                         const pprofagent_http_response* response) {
  const struct pprofagent_api* api = pprofagent_get();
  return PPROFAGENT_HAS(api, http_handle) ? api->http_handle(request, response) : -ENOSYS;
}

#ifdef __cplusplus
}  // extern "C"
#endif
