// SPDX-License-Identifier: Apache-2.0
//
// A small library to load and unload. PLUGIN_FRAME makes two builds of it that
// differ in nothing but a frame's size, and hence its rules.
#include <stdlib.h>
#include <string.h>

#ifndef PLUGIN_FRAME
#define PLUGIN_FRAME 256
#endif

__attribute__((visibility("default"))) int PluginCallsOut(int count) {
  char text[32];
  strncpy(text, "123", sizeof(text) - 1);
  text[31] = '\0';
  return atoi(text) + abs(count) + (int)labs(count);
}

__attribute__((visibility("default"))) int PluginCalls(int (*function)(void*), void* argument) {
  volatile char frame[PLUGIN_FRAME];
  frame[0] = 1;
  frame[sizeof(frame) - 1] = 2;
  // Whoever may look at all of it keeps clang from leaving most of it away.
  __asm__ volatile("" : : "r"(frame) : "memory");
  return function(argument) + frame[0];
}
