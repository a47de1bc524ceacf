// SPDX-License-Identifier: Apache-2.0
//
// A file that appears whole or not at all. It is written under a temporary name
// in the directory it shall be in, brought to the disk (fsync) and then renamed.
// Whatever goes wrong before that - disk full, quota, file size limit, the
// object destroyed half way - the temporary is removed again.
//
//   AtomicFile file(directory, "name", "/where/it/is/name");
//   Status status = file.Open();
//   ... file.Write(...)
//   status = file.Publish(AtomicFile::kKeepExisting);
#pragma once

#include <string>

#include "agent/service/base/descriptor.h"
#include "agent/service/sink/byte_stream.h"

namespace pprofagent::service {

class AtomicFile final : public ByteStream {
 public:
  enum Existing {
    kReplaceExisting,
    kKeepExisting,  // publishing fails, and exists() says why
  };

  // `directory` is a descriptor of the directory (O_PATH will do) and must
  // outlive this; `shown` is the file's name in messages.
  AtomicFile(int directory, std::string name, std::string shown);
  ~AtomicFile() override;
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  // Makes the temporary, mode 0600 whatever the program's umask.
  Status Open();
  Status Write(std::string_view data) override;
  Status Publish(Existing existing);
  // Publishing again under another name may succeed, after kKeepExisting.
  void Rename(std::string name, std::string shown);

  bool exists() const { return exists_; }
  const std::string& shown() const { return shown_; }

 private:
  Status Sync();
  Status Failed(const char* doing, int error);
  void RemoveTemporary();

  int directory_;
  std::string name_;
  std::string shown_;
  std::string temporary_;
  Descriptor file_;
  bool exists_ = false;
  Status status_;
};

// The mark of a temporary's name: ".NAME.<hex>" + this.
inline constexpr std::string_view kTemporarySuffix = ".tmp";

}  // namespace pprofagent::service
