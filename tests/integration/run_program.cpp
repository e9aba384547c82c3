// SPDX-License-Identifier: Apache-2.0
#include "run_program.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <stdexcept>

extern char** environ;

namespace da3::test {
namespace {

std::vector<std::string> make_environment(const std::vector<std::string>& more) {
  std::vector<std::string> list;
  for (char** variable = environ; *variable; ++variable) {
    const std::string text = *variable, name = text.substr(0, text.find('=') + 1);
    const bool ours = text.starts_with("DA3_") || text.starts_with("FAULTY_") ||
                      text.starts_with("NO_COLOR") || text.starts_with("HF_");
    // Of a name that occurs twice, programs see the first.
    const bool replaced = std::any_of(more.begin(), more.end(),
                                      [&](const std::string& other) { return other.starts_with(name); });
    if (!ours && !replaced) list.push_back(text);
  }
  list.insert(list.end(), more.begin(), more.end());
  return list;
}

std::vector<char*> pointers(std::vector<std::string>& list) {
  std::vector<char*> all;
  for (std::string& text : list) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

struct Pipe {
  int read = -1, write = -1;
  Pipe() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    read = ends[0], write = ends[1];
  }
  ~Pipe() { close_read(), close_write(); }
  void close_read() { read = read < 0 ? -1 : (::close(read), -1); }
  void close_write() { write = write < 0 ? -1 : (::close(write), -1); }
};

/// Reads both pipes to their ends, sending signals on the way.
void read_all(Pipe& out, Pipe& err, pid_t child, const ProgramOptions& options, ProgramResult& result) {
  size_t sent = 0, searched = 0;
  while (out.read >= 0 || err.read >= 0) {
    std::array<pollfd, 2> waits{{{out.read, POLLIN, 0}, {err.read, POLLIN, 0}}};
    if (::poll(waits.data(), waits.size(), -1) < 0 && errno != EINTR) return;
    for (size_t i = 0; i < 2; ++i) {
      if (!waits[i].revents) continue;
      char buffer[4096];
      const ssize_t n = ::read(waits[i].fd, buffer, sizeof buffer);
      if (n > 0) (i == 0 ? result.out : result.err).append(buffer, static_cast<size_t>(n));
      if (n == 0) (i == 0 ? out : err).close_read();
    }
    while (sent < options.signals.size()) {
      const size_t at = result.err.find(options.signals[sent].first, searched);
      if (at == std::string::npos) break;
      searched = at + 1;
      ::kill(child, options.signals[sent++].second);
    }
  }
}

}  // namespace

ProgramResult run_program(const std::filesystem::path& program, const std::vector<std::string>& arguments,
                          const ProgramOptions& options) {
  std::vector<std::string> words{program.string()}, environment = make_environment(options.environment);
  words.insert(words.end(), arguments.begin(), arguments.end());
  Pipe out, err;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  if (options.stdout_file.empty())
    posix_spawn_file_actions_adddup2(&actions, out.write, 1);
  else
    posix_spawn_file_actions_addopen(&actions, 1, options.stdout_file.c_str(), O_WRONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, err.write, 2);
  if (!options.folder.empty()) posix_spawn_file_actions_addchdir_np(&actions, options.folder.c_str());
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGINT);  // a shell's background job ignores it, and its children would
  sigaddset(&defaults, SIGTERM);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  pid_t child = 0;
  const int failed = ::posix_spawn(&child, program.c_str(), &actions, &attributes, pointers(words).data(),
                                   pointers(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (failed != 0)
    throw std::runtime_error("cannot start " + program.string() + ": " + std::strerror(failed));
  out.close_write();
  err.close_write();
  ProgramResult result;
  read_all(out, err, child, options, result);
  int status = 0;
  rusage used{};
  while (::wait4(child, &status, 0, &used) < 0 && errno == EINTR) {
  }
#ifdef __APPLE__
  result.peak_memory = static_cast<uint64_t>(used.ru_maxrss);
#else
  result.peak_memory = static_cast<uint64_t>(used.ru_maxrss) * 1024;
#endif
  if (WIFEXITED(status)) result.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) result.signal = WTERMSIG(status);
  return result;
}

}  // namespace da3::test
