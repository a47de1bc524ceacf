// SPDX-License-Identifier: Apache-2.0
//
// A file that appears whole or not at all. It is written without a name
// (O_TMPFILE), brought to the disk (fsync) and then linked into the directory it
// shall be in. Whatever goes wrong before that - disk full, quota, file size
// limit, the object destroyed half way, the process killed - nothing is left.
//
// A name is replaced by renaming, so the whole file has a temporary name for a
// moment. Where files cannot be made without a name, or not be linked, it has
// one all along; a process that ends then leaves it behind. While there is a
// process that writes it, it is locked (flock): who meets one that is not may
// remove it, whatever pid namespace its writer lived in.
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

  // Makes the file, mode 0600 whatever the program's umask.
  Status Open();
  Status Write(std::string_view data) override;
  Status Publish(Existing existing);
  // Publishing again under another name may succeed, after kKeepExisting.
  void Rename(std::string name, std::string shown);

  bool exists() const { return exists_; }
  const std::string& shown() const { return shown_; }

 private:
  Status OpenNamed();
  Status Sync();
  bool LinkAs(const std::string& name) const;
  bool LinkAsTemporary();
  Status CopyToTemporary();
  Status RenameTemporary(Existing existing);
  Status Exists();
  Status Failed(const char* doing, int error);
  void RemoveTemporary();

  int directory_;
  std::string name_;
  std::string shown_;
  std::string temporary_;  // empty: it has no name
  Descriptor file_;
  bool exists_ = false;
  Status status_;
};

// The mark of a temporary's name: ".NAME.<hex>" + this.
inline constexpr std::string_view kTemporarySuffix = ".tmp";
// NAME; empty if it is no temporary's.
std::string_view NameOfTemporary(std::string_view temporary);

// Whether a temporary is a file of ours that nobody writes any more.
bool IsAbandoned(int directory, const std::string& temporary);

}  // namespace pprofagent::service
