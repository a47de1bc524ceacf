// SPDX-License-Identifier: Apache-2.0
//
// The dumps of one process in the dump directory:
//   <exe>.<pid>.<seq, 4 digits>.<kind>.pb.gz
// The files of one dump share a number; numbers go on from the highest that is
// there already, so that nothing is ever overwritten, not even by a process of
// the same pid in another container that shares the directory.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/service/base/descriptor.h"
#include "agent/service/base/directory.h"
#include "agent/service/sink/byte_stream.h"

namespace pprofagent::service {

struct DumpName {
  int sequence;
  std::string kind;
};

// "heap" of "redis.17.0003.heap.pb.gz" for the prefix "redis.17."; false if the
// name is no dump of this process.
bool ParseDumpName(std::string_view file, std::string_view prefix, DumpName* name);
std::string FormatDumpName(std::string_view prefix, const DumpName& name);

class DumpDirectory {
 public:
  // Opens and checks the directory; made if missing. `prefix` is "<exe>.<pid>.".
  static Status Open(const std::string& path, std::string prefix, DumpDirectory* opened);

  // The number that follows all those in the directory.
  int NextSequence() const;

  using Producer = std::function<Status(ByteStream*)>;
  // Writes one dump, compressed; `produce` writes its contents. Takes a higher
  // number if somebody has taken this one meanwhile. `shown` gets the path.
  Status Write(DumpName name, const Producer& produce, std::string* shown);

  // Deletes all but the newest `keep` dumps of a kind, and what other processes
  // were writing when they ended.
  void Prune(std::string_view kind, int keep);

 private:
  std::vector<std::string> List() const { return ListDirectory(directory_.get()); }
  std::string Shown(const std::string& name) const;

  std::string path_;
  std::string prefix_;
  Descriptor directory_;
};

}  // namespace pprofagent::service
