// SPDX-License-Identifier: Apache-2.0
#include "agent/service/http/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>

#include "agent/service/base/directory.h"
#include "agent/service/base/process.h"
#include "agent/service/http/socket_file.h"
#include "agent/service/options/parse_value.h"

namespace pprofagent::service {
namespace {

constexpr int kBacklog = 64;
constexpr std::string_view kSocketSuffix = ".sock";
constexpr std::string_view kTemporarySuffix = ".sock.tmp";
// Connecting to each takes a moment; the next process goes on with the rest.
constexpr int kMaxCleaned = 256;

Descriptor NewSocket(int family) {
  return AwayFromStandard(socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

// The address of `name` in the directory, through the descriptor table of this
// very thread, which is not the program's.
bool AddressIn(int directory, const std::string& name, sockaddr_un* address) {
  *address = {};
  address->sun_family = AF_UNIX;
  const std::string path = "/proc/thread-self/fd/" + std::to_string(directory) + "/" + name;
  if (path.size() >= sizeof(address->sun_path)) return false;
  memcpy(address->sun_path, path.c_str(), path.size() + 1);
  return true;
}

enum class Owner { kNone, kDead, kAlive, kNoSocket };

// Whose the entry of that name is.
Owner OwnerOf(int directory, const std::string& name) {
  struct stat entry;
  if (fstatat(directory, name.c_str(), &entry, AT_SYMLINK_NOFOLLOW) != 0) return Owner::kNone;
  if (!S_ISSOCK(entry.st_mode)) return Owner::kNoSocket;
  sockaddr_un address;
  const Descriptor probe = NewSocket(AF_UNIX);
  if (!probe.valid() || !AddressIn(directory, name, &address)) return Owner::kAlive;
  const int result =
      connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  return result != 0 && errno == ECONNREFUSED ? Owner::kDead : Owner::kAlive;
}

std::string TemporaryName(pid_t pid) {
  return "." + std::to_string(pid) + std::string(kTemporarySuffix);
}

// A socket about to get its name, of a process that has ended before it could. One
// that does not listen yet looks dead, too.
bool IsTemporaryOfTheDead(std::string_view name) {
  if (!name.starts_with('.') || !name.ends_with(kTemporarySuffix)) return false;
  name.remove_prefix(1);
  const std::optional<int64_t> pid = ParseInteger(name.substr(0, name.find('.')), INT_MAX);
  return pid && TemporaryName(static_cast<pid_t>(*pid)).substr(1) == name &&
         !ProcessExists(static_cast<int>(*pid));
}

void RemoveDeadSockets(int directory) {
  int examined = 0;
  for (const std::string& name : ListDirectory(directory)) {
    if (!name.ends_with(kSocketSuffix) && !IsTemporaryOfTheDead(name)) continue;
    if (examined++ >= kMaxCleaned) return;
    if (OwnerOf(directory, name) == Owner::kDead) unlinkat(directory, name.c_str(), 0);
  }
}

Status Cannot(const std::string& name, const std::string& why) {
  return Status::Error("cannot listen on " + name + ": " + why);
}

Status CannotErrno(const std::string& name, int error) { return Cannot(name, ErrnoText(error)); }

std::string DirectoryOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// Binds under a name that nobody looks for, listens, and takes the name. The file
// is remembered before anybody can connect: the process may end right after.
Status BindIn(int directory, const std::string& path, int socket_descriptor, SocketFile* file) {
  const std::string name = path.substr(path.rfind('/') + 1);
  const std::string temporary = TemporaryName(getpid());
  sockaddr_un address;
  if (!AddressIn(directory, temporary, &address)) return CannotErrno(path, ENAMETOOLONG);
  switch (OwnerOf(directory, name)) {
    case Owner::kAlive:
      return Cannot(path, "another process listens there");
    case Owner::kNoSocket:
      return Cannot(path, "there is a file of that name");
    case Owner::kNone:
    case Owner::kDead:
      break;
  }
  unlinkat(directory, temporary.c_str(), 0);
  // The mode of the file will be that of the socket.
  if (fchmod(socket_descriptor, S_IRUSR | S_IWUSR) != 0 ||
      bind(socket_descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return CannotErrno(path, errno);
  }
  struct stat bound;
  if (listen(socket_descriptor, kBacklog) != 0 ||
      fstatat(directory, temporary.c_str(), &bound, AT_SYMLINK_NOFOLLOW) != 0) {
    const int error = errno;
    unlinkat(directory, temporary.c_str(), 0);
    return CannotErrno(path, error);
  }
  *file = {path, bound.st_dev, bound.st_ino};
  RememberSocketFile(*file);
  if (renameat(directory, temporary.c_str(), directory, name.c_str()) != 0) {
    const int error = errno;
    ForgetSocketFile(*file);
    unlinkat(directory, temporary.c_str(), 0);
    return CannotErrno(path, error);
  }
  return Status();
}

}  // namespace

void RemoveSocketFile(const SocketFile& file) {
  struct stat entry;
  if (file.path.empty() || lstat(file.path.c_str(), &entry) != 0) return;
  if (entry.st_dev == file.device && entry.st_ino == file.inode) unlink(file.path.c_str());
}

std::string NameOf(const sockaddr_storage& address, std::string* host) {
  char text[INET6_ADDRSTRLEN] = "";
  std::string name;
  uint16_t port = 0;
  if (address.ss_family == AF_INET6) {
    sockaddr_in6 v6;
    memcpy(&v6, &address, sizeof(v6));
    port = ntohs(v6.sin6_port);
    inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof(text));
    name = std::string("[") + text + "]";
  } else {
    sockaddr_in v4;
    memcpy(&v4, &address, sizeof(v4));
    port = ntohs(v4.sin_port);
    inet_ntop(AF_INET, &v4.sin_addr, text, sizeof(text));
    name = text;
  }
  if (host != nullptr) *host = name;
  return name + ":" + std::to_string(port);
}

Status Listener::OpenTcp(const ListenAddress& address, Listener* opened) {
  Listener listener;
  listener.name_ = NameOf(address.address);
  listener.socket_ = NewSocket(address.address.ss_family);
  if (!listener.socket_.valid()) return CannotErrno(listener.name_, errno);
  const int on = 1;
  setsockopt(listener.descriptor(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_storage bound = address.address;
  socklen_t length = sizeof(bound);
  if (bind(listener.descriptor(), reinterpret_cast<const sockaddr*>(&bound), address.length) != 0 ||
      listen(listener.descriptor(), kBacklog) != 0) {
    return CannotErrno(listener.name_, errno);
  }
  // Port 0 has become one that is free.
  if (getsockname(listener.descriptor(), reinterpret_cast<sockaddr*>(&bound), &length) == 0) {
    listener.name_ = NameOf(bound);
  }
  *opened = std::move(listener);
  return Status();
}

Status Listener::OpenUnix(const std::string& path, const std::string& private_directory,
                          Listener* opened) {
  const std::string parent = DirectoryOf(path);
  Descriptor directory;
  const bool is_private = parent == private_directory;
  Status status = is_private ? OpenPrivateDirectory(parent, &directory)
                             : OpenNamedDirectory(parent, false, &directory);
  if (!status.ok()) return status;
  if (is_private) RemoveDeadSockets(directory.get());
  Listener listener;
  listener.name_ = path;
  listener.socket_ = NewSocket(AF_UNIX);
  if (!listener.socket_.valid()) return CannotErrno(path, errno);
  status = BindIn(directory.get(), path, listener.descriptor(), &listener.file_);
  if (!status.ok()) return status;
  listener.directory_ = std::move(directory);
  *opened = std::move(listener);
  return Status();
}

}  // namespace pprofagent::service
