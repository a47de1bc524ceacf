// SPDX-License-Identifier: Apache-2.0
//
// Uses the agent's interface for programs, in C99: says what every call answered.
// Without an agent each answers "no agent" in its own way and nothing happens.
//
//   interface CPU_FILE HEAP_FILE
#include <pprofagent/pprofagent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int write_to(void* context, const void* bytes, size_t size) {
  return fwrite(bytes, 1, size, context) == size ? 0 : 1;
}

static int refuse(void* context, const void* bytes, size_t size) {
  (void)context;
  (void)bytes;
  (void)size;
  return 1;
}

static int count_goroutine_word(void* context, const void* bytes, size_t size) {
  (void)size;
  *(int*)context += strncmp(bytes, "goroutine profile: total ", 25) == 0;
  return 0;
}

static void say(const char* what, long long result) { printf("%s %lld\n", what, result); }

__attribute__((noinline)) static void burn_cpu(void) {
  clock_t end = clock() + CLOCKS_PER_SEC / 5;
  while (clock() < end) {
    for (volatile int i = 0; i < 100000; i++) {
    }
  }
}

__attribute__((noinline)) static int open_thing(pprofagent_profile* things, const void* thing) {
  int result = pprofagent_add(things, thing, 1, 0);
  __asm__ volatile("");
  return result;
}

static void profile_cpu(const char* path) {
  FILE* file = fopen(path, "wb");
  say("cpu_start", pprofagent_cpu_start(write_to, file));
  say("cpu_start again", pprofagent_cpu_start(write_to, file));
  burn_cpu();
  say("cpu_stop", pprofagent_cpu_stop());
  say("cpu_stop again", pprofagent_cpu_stop());
  fclose(file);
}

static void use_labels(void) {
  const pprofagent_label first[] = {{"user", "alice"}, {"path", "/"}};
  const pprofagent_label second = {"path", ""};
  const pprofagent_label bad = {"", "x"};
  pprofagent_label found[2] = {{"", ""}, {"", ""}};
  pprofagent_labels before = 7, inner = 7, made = 7;
  say("labels push", pprofagent_labels_push(first, 2, &before));
  say("labels before", before);
  say("labels list", (long long)pprofagent_labels_list(pprofagent_labels_get(), found, 2));
  say("labels order", strcmp(found[0].key, "path") == 0 && strcmp(found[1].value, "alice") == 0);
  say("labels push", pprofagent_labels_push(&second, 1, &inner));
  say("labels list", (long long)pprofagent_labels_list(pprofagent_labels_get(), found, 0));
  say("labels back", pprofagent_labels_set(inner));
  say("labels with", pprofagent_labels_with(0, first, 2, &made));
  say("labels same", made == inner);
  say("labels bad", pprofagent_labels_push(&bad, 1, NULL));
  say("labels bad", pprofagent_labels_set(4000000000u));
  say("labels bad", pprofagent_labels_with(0, first, 33, &made));
  say("labels bad", pprofagent_labels_with(0, NULL, 1, &made));
  say("labels none", pprofagent_labels_set(before));
  say("labels none", pprofagent_labels_get());
}

static void use_own_profile(void) {
  static int things[3];
  pprofagent_profile *profile = NULL, *same = NULL;
  say("create", pprofagent_create("app/things", &profile));
  say("create again", pprofagent_create("app/things", &same));
  say("same", profile == same);
  say("create heap", pprofagent_create("heap", &same));
  say("create nothing", pprofagent_create("", &same));
  for (int i = 0; i < 3; i++) say("add", open_thing(profile, &things[i]));
  say("add again", open_thing(profile, &things[0]));
  say("remove", pprofagent_remove(profile, &things[1]));
  say("remove again", pprofagent_remove(profile, &things[1]));
  say("count", pprofagent_count(profile));
  printf("name %s\n", pprofagent_name(profile));
  say("dump", pprofagent_dump(profile, NULL));
}

static void use_the_agents(const char* path) {
  pprofagent_profile* heap = pprofagent_lookup("heap");
  int is_grouped = 0;
  say("lookup", heap != NULL);
  say("lookup nothing", pprofagent_lookup("haep") != NULL);
  say("lookup cpu", pprofagent_lookup("cpu") != NULL);
  say("list", pprofagent_list(NULL, 0) > 0);
  say("add to heap", pprofagent_add(heap, &is_grouped, 1, 0));
  say("dump to", pprofagent_dump(heap, path));
  say("dump to nowhere", pprofagent_dump(heap, "/nonexistent/file"));
  say("refused", pprofagent_write(heap, 0, refuse, NULL));
  say("text", pprofagent_write(pprofagent_lookup("threads"), 1, count_goroutine_word, &is_grouped));
  say("is text", is_grouped);
  use_labels();
  say("heap rate", pprofagent_set_heap_rate(4096));
  say("heap rate", pprofagent_set_heap_rate(-1));
  say("mutex fraction", pprofagent_set_mutex_fraction(7));
  say("mutex fraction", pprofagent_set_mutex_fraction(-1));
  say("block rate", pprofagent_set_block_rate(1000));
  say("block rate", pprofagent_set_block_rate(-1));
}

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  say("present", pprofagent_present());
  profile_cpu(argv[1]);
  use_own_profile();
  use_the_agents(argv[2]);
  return 0;
}
