// SPDX-License-Identifier: Apache-2.0
// What isolation takes from the operating system, and what differs between systems: processes, sockets that
// carry descriptors, memory that two processes share.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace da3::detail::isolation {

/// A file descriptor with an owner.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Fd();
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

/// New memory without a name, so that nothing of it stays when its last descriptor and mapping are gone. On
/// Linux nobody can change its size afterwards. Throws Error(DA3_E_NOMEM_HOST).
Fd create_shared_memory(uint64_t bytes);
/// Its size, 0 when the descriptor is something else.
uint64_t shared_memory_size(int fd);

/// Two connected stream sockets; both are closed in children. Throws Error(DA3_E_UNAVAILABLE).
std::pair<Fd, Fd> socket_pair();
/// Reading and writing end; both are closed in children. Throws Error(DA3_E_UNAVAILABLE).
std::pair<Fd, Fd> pipe_pair();

/// Sends all bytes, with descriptors beside the first. False when the other side is gone.
bool send_bytes(int socket, const void* data, size_t size, std::span<const int> fds = {});
/// Receives size bytes and what descriptors come with them. False at the end of the stream.
bool receive_bytes(int socket, void* data, size_t size, std::vector<Fd>& fds);

constexpr int worker_socket = 3;  ///< the socket's number in the worker

/// Starts a program in a process group of its own with three descriptors and the socket, all other ones
/// closed, no signal ignored or blocked. words: its arguments. Throws Error(DA3_E_UNAVAILABLE).
pid_t spawn(const std::string& program, std::vector<std::string> words, int socket, int out, int err);

/// Something that poll() finds readable when the process has ended; empty where the system has no such thing.
Fd watch_end(pid_t pid);

/// In the worker: end when the process that started us does. On systems without such a call the end of the
/// socket tells it.
void end_with(pid_t parent);
bool is_socket(int fd);
/// In the worker: no child inherits the descriptor.
void close_in_children(int fd);

}  // namespace da3::detail::isolation
