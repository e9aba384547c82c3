// SPDX-License-Identifier: Apache-2.0
#include "child_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __APPLE__
#include <mach-o/dyld.h>
#endif

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <stdexcept>

#include "child.hpp"
#include "client.hpp"
#include "stopwatch.hpp"

extern char** environ;

namespace da3::check {
namespace {

volatile std::sig_atomic_t stop = 0;

struct Closer {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, Closer>;

File temporary() {
  File file(std::tmpfile());
  if (!file)
    throw std::runtime_error(std::string("no temporary file: ") + std::strerror(errno) + "; check TMPDIR");
  ::fcntl(::fileno(file.get()), F_SETFD, FD_CLOEXEC);
  return file;
}

std::string beginning(const File& file, size_t most) {
  std::string text(most, '\0');
  const ssize_t got = ::pread(::fileno(file.get()), text.data(), most, 0);
  text.resize(got > 0 ? static_cast<size_t>(got) : 0);
  return text;
}

/// The child's environment: ours, without the linker's search path, with freed memory made unusable.
std::vector<std::string> environment() {
  std::vector<std::string> all;
  for (char** at = environ; *at; ++at)
    if (std::strncmp(*at, "LD_LIBRARY_PATH=", 16) != 0 && std::strncmp(*at, "MALLOC_PERTURB_=", 16) != 0)
      all.emplace_back(*at);
  all.emplace_back("MALLOC_PERTURB_=165");
  return all;
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> list;
  for (std::string& word : words) list.push_back(word.data());
  list.push_back(nullptr);
  return list;
}

std::string this_program() {
#ifdef __APPLE__
  char path[4096];
  uint32_t size = sizeof path;
  return ::_NSGetExecutablePath(path, &size) == 0 ? path : "";
#else
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).string();
#endif
}

/// File descriptors and signals as the child shall have them.
class SpawnRules {
 public:
  SpawnRules(int result, int trace, int out, int err) {
    posix_spawn_file_actions_init(&files_);
    posix_spawnattr_init(&attributes_);
    posix_spawn_file_actions_addopen(&files_, 0, "/dev/null", O_RDONLY, 0);
    // Targets are below every source: see high().
    posix_spawn_file_actions_adddup2(&files_, out, 1);
    posix_spawn_file_actions_adddup2(&files_, err, 2);
    posix_spawn_file_actions_adddup2(&files_, result, result_fd);
    posix_spawn_file_actions_adddup2(&files_, trace, trace_fd);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(&attributes_,
                             POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~SpawnRules() {
    posix_spawn_file_actions_destroy(&files_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnRules(const SpawnRules&) = delete;
  pid_t spawn(const std::string& program, std::vector<std::string> words, std::vector<std::string> env) {
    words.insert(words.begin(), program);
    pid_t pid = 0;
    const int error = ::posix_spawn(&pid, program.c_str(), &files_, &attributes_, pointers(words).data(),
                                    pointers(env).data());
    if (error) throw std::runtime_error(program + " cannot be started again: " + std::strerror(error));
    return pid;
  }

 private:
  posix_spawn_file_actions_t files_;
  posix_spawnattr_t attributes_;
};

/// A copy of fd with a number that no dup2 above overwrites; closed in the child by itself.
int high(int fd) {
  const int copy = ::fcntl(fd, F_DUPFD_CLOEXEC, 10);
  if (copy < 0) throw std::runtime_error(std::string("too many open files: ") + std::strerror(errno));
  return copy;
}

/// Reads until a whole line, the end, the time limit or a signal.
void read_result(int fd, double limit, const Stopwatch& watch, ChildEnd& end) {
  char part[4096];
  while (end.result.find('\n') == std::string::npos) {
    const double left = limit - watch.seconds();
    if (stop) return void(end.stopped = true);
    if (left <= 0) return void(end.timed_out = true);
    pollfd waiting{fd, POLLIN, 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(left * 1000) + 1);
    if (ready <= 0) continue;
    const ssize_t got = ::read(fd, part, sizeof part);
    if (got > 0) end.result.append(part, static_cast<size_t>(got));
    if (got == 0) return;
  }
}

/// Waits for the end; false when it does not come in time.
bool reap(pid_t pid, double limit, ChildEnd& end) {
  const Stopwatch watch;
  int status = 0;
  for (;;) {
    const pid_t got = ::waitpid(pid, &status, WNOHANG);
    if (got == pid) break;
    if (watch.seconds() > limit || (stop && limit > 5)) return false;
    ::usleep(1000);
  }
  if (WIFSIGNALED(status)) end.signal = WTERMSIG(status);
  if (WIFEXITED(status)) end.status = WEXITSTATUS(status);
  return true;
}

void on_stop(int signal) { stop = signal; }

}  // namespace

int stop_signal() { return stop; }

void watch_stop_signals() {
  struct sigaction action {};
  action.sa_handler = on_stop;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

std::string signal_name(int signal) {
  switch (signal) {
    case SIGSEGV:
      return "SIGSEGV (a bad address)";
    case SIGABRT:
      return "SIGABRT (abort)";
    case SIGBUS:
      return "SIGBUS (a bad address)";
    case SIGFPE:
      return "SIGFPE (arithmetic)";
    case SIGILL:
      return "SIGILL (an instruction that this processor lacks)";
    case SIGKILL:
      return "SIGKILL (by somebody, or the system is out of memory)";
    default:
      return "signal " + std::to_string(signal);
  }
}

ChildEnd run_process(const std::vector<std::string>& words, double seconds) {
  ChildEnd end;
  int ends[2];
  if (::pipe(ends) != 0) throw std::runtime_error(std::string("no pipe: ") + std::strerror(errno));
  const File out = temporary(), err = temporary(), page = temporary();
  if (::ftruncate(::fileno(page.get()), trace_size) != 0) throw std::runtime_error("no room in TMPDIR");
  const int reader = high(ends[0]);
  int writers[4] = {high(ends[1]), high(::fileno(page.get())), high(::fileno(out.get())),
                    high(::fileno(err.get()))};
  ::close(ends[0]);
  ::close(ends[1]);
  const Stopwatch watch;
  const pid_t pid =
      SpawnRules(writers[0], writers[1], writers[2], writers[3]).spawn(this_program(), words, environment());
  for (int fd : writers) ::close(fd);
  read_result(reader, seconds, watch, end);
  if (!end.timed_out && !end.stopped)
    end.timed_out = !reap(pid, std::max(1.0, seconds - watch.seconds()), end);
  ::kill(-pid, SIGKILL);  // the child when it is late, and whatever it has started
  if (end.timed_out || end.stopped) end.stuck = !reap(pid, 5, end);
  ::close(reader);
  end.seconds = watch.seconds();
  end.last_call = beginning(page, trace_size);
  end.failure = end.last_call.size() > trace_failure_at ? end.last_call.c_str() + trace_failure_at : "";
  end.last_call = end.last_call.c_str();
  end.out = beginning(out, 65536);
  end.err = beginning(err, 65536);
  return end;
}

}  // namespace da3::check
