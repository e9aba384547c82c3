// SPDX-License-Identifier: Apache-2.0
#include "isolation/system.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <da3/error.hpp>

extern char** environ;

namespace da3::detail::isolation {
namespace {

constexpr size_t most_descriptors = 32;

[[noreturn]] void fail(const std::string& what, int error) {
  throw Error(DA3_E_UNAVAILABLE,
              "isolation: " + what + ": " + std::strerror(error) + "; try again, or set isolation: none", 0,
              -1, error);
}

/// Memory under no name.
int anonymous_file() {
#if defined(__linux__)
  return ::memfd_create("da3", MFD_CLOEXEC | MFD_ALLOW_SEALING);
#else
  // A name for a moment only, that nobody has: O_EXCL.
  for (unsigned attempt = 0; attempt < 64; ++attempt) {
    const std::string name = "/da3." + std::to_string(::getpid()) + "." + std::to_string(attempt);
    const int fd = ::shm_open(name.c_str(), O_RDWR | O_CREAT | O_EXCL, 0600);
    if (fd >= 0) {
      ::shm_unlink(name.c_str());
      ::fcntl(fd, F_SETFD, FD_CLOEXEC);
      return fd;
    }
    if (errno != EEXIST) return -1;
  }
  return -1;
#endif
}

/// A copy that no dup2 to a small number overwrites; closed in children.
Fd high(int fd) {
  Fd copy(::fcntl(fd, F_DUPFD_CLOEXEC, 10));
  if (!copy) fail("no file descriptor is left", errno);
  return copy;
}

/// Descriptors and signals as the worker shall have them.
class SpawnRules {
 public:
  SpawnRules(int socket, int out, int err) {
    posix_spawn_file_actions_init(&files_);
    posix_spawnattr_init(&attributes_);
    posix_spawn_file_actions_addopen(&files_, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files_, out, 1);
    posix_spawn_file_actions_adddup2(&files_, err, 2);
    posix_spawn_file_actions_adddup2(&files_, socket, worker_socket);
    short flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
#if defined(__APPLE__)
    flags |= POSIX_SPAWN_CLOEXEC_DEFAULT;
#elif defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 34)
    posix_spawn_file_actions_addclosefrom_np(&files_, worker_socket + 1);
#endif
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    // The terminal's signals go to the host's group.
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(&attributes_, flags);
  }
  ~SpawnRules() {
    posix_spawn_file_actions_destroy(&files_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnRules(const SpawnRules&) = delete;

  posix_spawn_file_actions_t files_;
  posix_spawnattr_t attributes_;
};

void take_descriptors(msghdr& message, std::vector<Fd>& fds) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
      close_in_children(fd);
      fds.emplace_back(fd);
    }
  }
}

}  // namespace

Fd::~Fd() {
  if (fd_ >= 0) ::close(fd_);
}

Fd create_shared_memory(uint64_t bytes) {
  Fd memory(anonymous_file());
  if (!memory || ::ftruncate(memory.get(), static_cast<off_t>(bytes)) != 0) {
    const int error = errno;
    throw Error(DA3_E_NOMEM_HOST,
                "isolation: " + std::to_string(bytes) + " bytes of shared memory cannot be had: " +
                    std::strerror(error) + "; use fewer views or a smaller process_res",
                0, -1, error);
  }
#if defined(__linux__)
  // The other side could otherwise cut it, and we would die of reading beyond.
  ::fcntl(memory.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
#endif
  return memory;
}

uint64_t shared_memory_size(int fd) {
  struct stat facts {};
  return ::fstat(fd, &facts) == 0 && facts.st_size > 0 ? static_cast<uint64_t>(facts.st_size) : 0;
}

std::pair<Fd, Fd> socket_pair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) fail("no socket can be made", errno);
  std::pair<Fd, Fd> pair{Fd(ends[0]), Fd(ends[1])};
  for (const int fd : ends) {
    close_in_children(fd);
#if defined(__APPLE__)
    const int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#endif
  }
  return pair;
}

std::pair<Fd, Fd> pipe_pair() {
  int ends[2];
  if (::pipe(ends) != 0) fail("no pipe can be made", errno);
  for (const int fd : ends) close_in_children(fd);
  return {Fd(ends[0]), Fd(ends[1])};
}

bool send_bytes(int socket, const void* data, size_t size, std::span<const int> fds) {
  const char* at = static_cast<const char*>(data);
  alignas(cmsghdr) char control[CMSG_SPACE(most_descriptors * sizeof(int))] = {};
  if (fds.size() > most_descriptors) return false;
  while (size > 0) {
    iovec part{const_cast<char*>(at), size};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (!fds.empty()) {
      message.msg_control = control;
      message.msg_controllen = static_cast<decltype(message.msg_controllen)>(CMSG_SPACE(fds.size_bytes()));
      cmsghdr* rights = CMSG_FIRSTHDR(&message);
      rights->cmsg_level = SOL_SOCKET;
      rights->cmsg_type = SCM_RIGHTS;
      rights->cmsg_len = static_cast<decltype(rights->cmsg_len)>(CMSG_LEN(fds.size_bytes()));
      std::memcpy(CMSG_DATA(rights), fds.data(), fds.size_bytes());
    }
#if defined(MSG_NOSIGNAL)
    const ssize_t sent = ::sendmsg(socket, &message, MSG_NOSIGNAL);
#else
    const ssize_t sent = ::sendmsg(socket, &message, 0);
#endif
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    fds = {};
    at += sent;
    size -= static_cast<size_t>(sent);
  }
  return true;
}

bool receive_bytes(int socket, void* data, size_t size, std::vector<Fd>& fds) {
  char* at = static_cast<char*>(data);
  while (size > 0) {
    alignas(cmsghdr) char control[CMSG_SPACE(most_descriptors * sizeof(int))];
    iovec part{at, size};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const ssize_t got = ::recvmsg(socket, &message, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    take_descriptors(message, fds);
    at += got;
    size -= static_cast<size_t>(got);
  }
  return true;
}

pid_t spawn(const std::string& program, std::vector<std::string> words, int socket, int out, int err) {
  const Fd high_socket = high(socket), high_out = high(out), high_err = high(err);
  const SpawnRules rules(high_socket.get(), high_out.get(), high_err.get());
  words.insert(words.begin(), program);
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  pid_t pid = 0;
  const int error =
      ::posix_spawn(&pid, program.c_str(), &rules.files_, &rules.attributes_, pointers.data(), environ);
  if (error)
    throw Error(DA3_E_UNAVAILABLE,
                "isolation: the worker " + program + " cannot be started: " + std::strerror(error) +
                    "; install da3 again, or set isolation: none",
                0, -1, error);
  return pid;
}

Fd watch_end([[maybe_unused]] pid_t pid) {
#if defined(SYS_pidfd_open)
  return Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));  // close-on-exec by itself
#else
  return Fd();
#endif
}

void end_with([[maybe_unused]] pid_t parent) {
#if defined(__linux__)
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(0);  // it ended before the call
#endif
}

bool is_socket(int fd) {
  struct stat facts {};
  return ::fstat(fd, &facts) == 0 && S_ISSOCK(facts.st_mode);
}

void close_in_children(int fd) { ::fcntl(fd, F_SETFD, FD_CLOEXEC); }

}  // namespace da3::detail::isolation
