// SPDX-License-Identifier: Apache-2.0
#include "hardware/child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/auxv.h>
#include <sys/prctl.h>
#endif

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <thread>

extern char** environ;

namespace da3::hardware {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr size_t most_answer = size_t{4} << 20, most_output = 4096;

class Pipe {
 public:
  Pipe() {
    int ends[2];
    if (::pipe(ends) != 0) return;
    read = ends[0], write = ends[1];
    // Above 3, so that no end lies where the child wants its answer.
    for (int* end : {&read, &write}) {
      const int higher = ::fcntl(*end, F_DUPFD_CLOEXEC, 10);
      ::close(*end);
      *end = higher;
    }
    if (read >= 0) ::fcntl(read, F_SETFL, O_NONBLOCK);
  }
  Pipe(const Pipe&) = delete;
  ~Pipe() { close_read(), close_write(); }
  void close_read() { read = read < 0 ? -1 : (::close(read), -1); }
  void close_write() { write = write < 0 ? -1 : (::close(write), -1); }
  bool good() const { return read >= 0 && write >= 0; }
  int read = -1, write = -1;
};

/// Everything that posix_spawn takes, freed in the end.
struct SpawnPlan {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  SpawnPlan(const Pipe& answer, const Pipe& output) {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, output.write, 1);
    posix_spawn_file_actions_adddup2(&actions, output.write, 2);
    posix_spawn_file_actions_adddup2(&actions, answer.write, answer_descriptor);
    short flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
#if defined(__APPLE__)
    flags |= POSIX_SPAWN_CLOEXEC_DEFAULT;
#elif defined(__GLIBC__) && __GLIBC_PREREQ(2, 34)
    posix_spawn_file_actions_addclosefrom_np(&actions, answer_descriptor + 1);
#endif
    sigset_t none, defaults;
    sigemptyset(&none);
    sigemptyset(&defaults);
    for (int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGALRM, SIGCHLD})
      sigaddset(&defaults, signal);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setpgroup(&attributes, 0);  // what it starts is killed with it
    posix_spawnattr_setflags(&attributes, flags);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
};

/// Takes what is there; the last bytes of more than most. Closes at the end.
void drain(Pipe& pipe, std::string& text, size_t most) {
  char buffer[4096];
  while (pipe.read >= 0) {
    const ssize_t n = ::read(pipe.read, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    if (n <= 0) return pipe.close_read();
    text.append(buffer, static_cast<size_t>(n));
    if (text.size() > most) text.erase(0, text.size() - most);
  }
}

/// True when the child is gone; its end is noted. What it left behind is killed while its number is still its
/// own.
bool reap(pid_t child, ChildEnd& end) {
  siginfo_t info{};
  if (::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOHANG | WNOWAIT) != 0)
    return errno != EINTR;  // ECHILD: the program around us ignores SIGCHLD
  if (info.si_pid == 0) return false;
  ::kill(-child, SIGKILL);
  int status = 0;
  if (::waitpid(child, &status, 0) != child) return true;
  if (WIFEXITED(status)) end.status = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) end.signal = WTERMSIG(status);
  return true;
}

/// Reads until the child is gone or the time is over. A grandchild may hold the pipes open: the child's end
/// counts.
bool wait_for(pid_t child, Pipe& answer, Pipe& output, Clock::time_point deadline, ChildEnd& end) {
  milliseconds nap{1};
  for (;;) {
    const bool gone = reap(child, end);
    drain(answer, end.answer, most_answer);
    drain(output, end.output, most_output);
    if (gone) return true;
    if (Clock::now() >= deadline) return false;
    if (answer.read < 0 && output.read < 0) {
      std::this_thread::sleep_for(milliseconds{1});
      continue;
    }
    std::array<pollfd, 2> waits{{{answer.read, POLLIN, 0}, {output.read, POLLIN, 0}}};
    ::poll(waits.data(), waits.size(), static_cast<int>(nap.count()));
    nap = std::min(nap * 2, milliseconds{20});
  }
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> list;
  for (std::string& word : words) list.push_back(word.data());
  list.push_back(nullptr);
  return list;
}

std::string signal_text(int number) {
  switch (number) {
    case SIGSEGV:
      return "SIGSEGV";
    case SIGBUS:
      return "SIGBUS";
    case SIGABRT:
      return "SIGABRT";
    case SIGILL:
      return "SIGILL";
    case SIGFPE:
      return "SIGFPE";
    case SIGKILL:
      return "SIGKILL";
    case SIGTERM:
      return "SIGTERM";
    case SIGPIPE:
      return "SIGPIPE";
    case SIGSYS:
      return "SIGSYS";
    default:
      return "signal " + std::to_string(number);
  }
}

}  // namespace

std::string ChildEnd::trouble(milliseconds limit) const {
  if (!failure.empty()) return "could not be started: " + failure;
  if (timed_out) {
    char text[64];
    std::snprintf(text, sizeof text, "did not answer within %.3g s",
                  static_cast<double>(limit.count()) / 1000);
    return std::string(text) + (stuck ? " and cannot be killed" : "");
  }
  if (signal != 0) return "crashed (" + signal_text(signal) + ")";
  if (status != 0) return "left with exit status " + std::to_string(status);
  return "";
}

ChildEnd run_child(const std::filesystem::path& program, const std::vector<std::string>& arguments,
                   milliseconds time_limit) {
  ChildEnd end;
  Pipe answer, output;
  if (!answer.good() || !output.good()) {
    end.failure = std::strerror(errno);
    return end;
  }
  std::vector<std::string> words{program.string()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  char* nothing[] = {nullptr};
  pid_t child = 0;
  {
    const SpawnPlan plan(answer, output);
    const int error = ::posix_spawn(&child, program.c_str(), &plan.actions, &plan.attributes,
                                    pointers(words).data(), runs_privileged() ? nothing : environ);
    if (error != 0) {
      end.failure = std::strerror(error);
      return end;
    }
  }
  answer.close_write();
  output.close_write();
  const auto deadline = Clock::now() + time_limit;
  if (!wait_for(child, answer, output, deadline, end)) {
    end.timed_out = true;
    ::kill(-child, SIGKILL);
    // In the kernel's uninterruptible sleep nothing kills it: do not wait for ever.
    end.stuck = !wait_for(child, answer, output, Clock::now() + milliseconds{1000}, end);
    end.signal = 0;
  }
  return end;
}

void limit_own_life(milliseconds time_limit) {
#if defined(__linux__)
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
  ::alarm(static_cast<unsigned>(time_limit.count() / 1000 + 5));
}

bool runs_privileged() {
#if defined(__linux__)
  return ::getauxval(AT_SECURE) != 0;
#else
  return ::issetugid() != 0;
#endif
}

}  // namespace da3::hardware
