// SPDX-License-Identifier: Apache-2.0
#include "agent/service/control/dumper.h"

#include <unistd.h>

#include <algorithm>

#include "agent/service/base/descriptor.h"
#include "agent/service/base/process.h"
#include "agent/service/log/log.h"
#include "agent/service/options/expand.h"
#include "agent/service/sink/dump_directory.h"

namespace pprofagent::service {

Status Dumper::WriteItems(const std::vector<Item>& items, std::vector<std::string>* written) {
  const std::string prefix = ExecutableName() + "." + std::to_string(getpid()) + ".";
  DumpDirectory directory;
  Status first = DumpDirectory::Open(Expand(options_.dir), prefix, &directory);
  if (!first.ok()) return first;
  const int sequence = std::max(next_sequence_, directory.NextSequence());
  for (const Item& item : items) {
    std::string path;
    // A profile of the program's own may be called anything.
    const std::string kind = SafeFileName(item.kind->name);
    Status status = directory.Write({sequence, kind}, item.produce, &path);
    if (status.ok()) {
      written->push_back(path);
      next_sequence_ = sequence + 1;
      directory.Prune(kind, options_.keep);
    } else if (first.ok()) {
      first = status;
    }
  }
  return first;
}

void Dumper::Account(const Status& status) {
  if (!status.ok()) {
    ++failures_;
    if (failures_in_a_row_++ == 0) {
      Log(LogLevel::kError, status.text() +
                                " (this dump is lost; the next one will try again, "
                                "silently if it fails too)");
    }
  } else if (failures_in_a_row_ != 0) {
    Log(LogLevel::kWarn,
        "dumps succeed again, " + std::to_string(failures_in_a_row_) + " were lost");
    failures_in_a_row_ = 0;
  }
}

Status Dumper::Dump(const std::vector<Item>& items, std::vector<std::string>* written) {
  if (!MayOpenDescriptors()) {
    ++failures_;  // logged when the helper came
    return Status::Error("cannot write dumps: " + std::string(kNoDescriptors));
  }
  Status status = WriteItems(items, written);
  Account(status);
  for (const std::string& path : *written) Log(LogLevel::kInfo, "wrote " + path);
  return status;
}

}  // namespace pprofagent::service
