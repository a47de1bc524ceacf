// SPDX-License-Identifier: Apache-2.0
//
// A socket that clients connect to, TCP or in the file system.
//
// A Unix socket is bound under a temporary name and renamed when it listens: a
// name that refuses connections is thus a dead process's for certain, and may
// be taken. It has mode 0600 from the first moment. All is done relative to a
// descriptor of its directory, which also serves for names too long for bind.
#pragma once

#include <sys/types.h>

#include <string>

#include "agent/service/base/descriptor.h"
#include "agent/service/base/status.h"
#include "agent/service/options/listen_address.h"

namespace pprofagent::service {

// The file of a socket, for whoever has to remove it.
struct SocketFile {
  std::string path;
  dev_t device = 0;
  ino_t inode = 0;
};

// Removes the file if it is still that socket's.
void RemoveSocketFile(const SocketFile& file);

class Listener {
 public:
  static Status OpenTcp(const ListenAddress& address, Listener* opened);
  // `path` is expanded. In `private_directory` (the dump directory), which is
  // made and checked first, what dead processes left is cleaned up; any other
  // directory is the user's affair.
  static Status OpenUnix(const std::string& path, const std::string& private_directory,
                         Listener* opened);

  bool valid() const { return socket_.valid(); }
  int descriptor() const { return socket_.get(); }
  bool is_tcp() const { return file_.path.empty(); }
  const SocketFile& file() const { return file_; }
  // "127.0.0.1:6060", "[::1]:6060" or the path.
  const std::string& name() const { return name_; }

 private:
  Descriptor socket_;
  // Of the socket's directory, as long as it is there. Of programs that write over their
  // environment, as servers do for their titles, /proc has no other trace of where to look.
  Descriptor directory_;
  SocketFile file_;
  std::string name_;
};

// "127.0.0.1:6060" or "[::1]:6060"; `host` without the port, if not null.
std::string NameOf(const sockaddr_storage& address, std::string* host = nullptr);

}  // namespace pprofagent::service
