// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/engine/task_files.h"

#include <fcntl.h>

#include "agent/hot/rt/raw_syscall.h"

namespace pprofagent::hot {

namespace {

// "TID/NAME"
void WritePath(int32_t tid, const char* name, char* path) {
  char digits[12];
  int count = 0;
  do {
    digits[count++] = static_cast<char>('0' + tid % 10);
    tid /= 10;
  } while (tid != 0);
  while (count > 0) *path++ = digits[--count];
  *path++ = '/';
  while ((*path++ = *name++) != '\0') {
  }
}

bool StartsWith(const char* text, const char* prefix) {
  while (*prefix != '\0') {
    if (*text++ != *prefix++) return false;
  }
  return true;
}

// Behind the first `key` that begins a line; null if there is none.
const char* FindLine(const char* text, const char* key) {
  const char* rest = key;
  for (bool at_line_start = true; *text != '\0'; at_line_start = *text++ == '\n') {
    if (!at_line_start || !StartsWith(text, key)) continue;
    while (*rest++ != '\0') ++text;
    return text;
  }
  return nullptr;
}

int DigitOf(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

// A number in hexadecimal, with or without 0x; false if there is none.
bool TakeHex(const char** text, uint64_t* value) {
  const char* at = *text;
  while (*at == ' ' || *at == '\t') ++at;
  if (at[0] == '0' && at[1] == 'x') at += 2;
  if (DigitOf(*at) < 0) return false;
  for (*value = 0; DigitOf(*at) >= 0; ++at)
    *value = *value * 16 + static_cast<uint64_t>(DigitOf(*at));
  *text = at;
  return true;
}

bool TakeDecimal(const char** text, int64_t* value) {
  const char* at = *text;
  const bool negative = *at == '-';
  if (negative) ++at;
  if (*at < '0' || *at > '9') return false;
  for (*value = 0; *at >= '0' && *at <= '9'; ++at) *value = *value * 10 + (*at - '0');
  if (negative) *value = -*value;
  *text = at;
  return true;
}

}  // namespace

TaskFiles::TaskFiles()
    : directory_(static_cast<int>(RawSyscall(SYS_openat, AT_FDCWD, "/proc/self/task",
                                             O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0))) {}

TaskFiles::~TaskFiles() {
  if (valid()) RawSyscall(SYS_close, directory_);
}

int TaskFiles::OpenFile(int32_t tid, const char* name) const {
  char path[32];
  WritePath(tid, name, path);
  return static_cast<int>(RawSyscall(SYS_openat, directory_, path, O_RDONLY | O_CLOEXEC, 0));
}

size_t TaskFiles::ReadText(int32_t tid, const char* file, char* text, size_t size) const {
  text[0] = '\0';
  const int fd = OpenFile(tid, file);
  if (fd < 0) return 0;
  long bytes = RawSyscall(SYS_read, fd, text, size - 1);
  RawSyscall(SYS_close, fd);
  if (bytes < 0) bytes = 0;
  if (bytes > 0 && text[bytes - 1] == '\n') --bytes;
  text[bytes] = '\0';
  return static_cast<size_t>(bytes);
}

void TaskFiles::ReadName(int32_t tid, char (&name)[kThreadNameBytes]) const {
  ReadText(tid, "comm", name, sizeof(name));
}

bool TaskFiles::Blocks(int32_t tid, int signal) const {
  char text[2048];
  ReadText(tid, "status", text, sizeof(text));
  const char* mask_text = FindLine(text, "SigBlk:");
  uint64_t mask = 0;
  return mask_text == nullptr || !TakeHex(&mask_text, &mask) || ((mask >> (signal - 1)) & 1) != 0;
}

uint64_t TaskFiles::ReadLastRan(int32_t tid) const {
  // The line is the first of the file's body.
  char text[512];
  ReadText(tid, "sched", text, sizeof(text));
  const char* at = FindLine(text, "se.exec_start");
  if (at == nullptr) return 0;
  while (*at == ' ' || *at == ':') ++at;
  int64_t milliseconds = 0;
  int64_t fraction = 0;
  if (!TakeDecimal(&at, &milliseconds) || *at++ != '.' || !TakeDecimal(&at, &fraction)) return 0;
  return static_cast<uint64_t>(milliseconds * 1'000'000 + fraction);
}

bool ParseTaskCall(const char* text, TaskCall* call) {
  *call = {};
  if (StartsWith(text, "running")) {
    call->state = TaskCall::kRunning;
    return true;
  }
  int64_t number = 0;
  if (!TakeDecimal(&text, &number)) return false;
  call->number = static_cast<long>(number);
  if (number >= 0) {
    for (uint64_t& argument : call->arguments) {
      if (!TakeHex(&text, &argument)) return false;
    }
  }
  uint64_t sp = 0;
  uint64_t pc = 0;
  if (!TakeHex(&text, &sp) || !TakeHex(&text, &pc)) return false;
  call->sp = sp;
  call->pc = pc;
  call->state = sp == 0 && pc == 0 ? TaskCall::kEnded : TaskCall::kBlocked;
  return true;
}

TaskCallFile::~TaskCallFile() {
  if (fd_ >= 0) RawSyscall(SYS_close, fd_);
}

TaskCall TaskCallFile::Read() const {
  TaskCall call{};
  char text[256];
  const long bytes = fd_ < 0 ? -1 : RawSyscall(SYS_pread64, fd_, text, sizeof(text) - 1, 0);
  if (bytes > 0) text[bytes] = '\0';
  if (bytes <= 0 || !ParseTaskCall(text, &call)) call.state = TaskCall::kUnknown;
  return call;
}

}  // namespace pprofagent::hot
