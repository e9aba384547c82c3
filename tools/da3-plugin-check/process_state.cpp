// SPDX-License-Identifier: Apache-2.0
#include "process_state.hpp"

#if __has_include(<malloc.h>)
#include <malloc.h>
#endif
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <cfenv>
#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <locale>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

extern char** environ;

namespace da3::check {
namespace {

namespace fs = std::filesystem;

void add_locale(ProcessState& state) {
  const std::pair<const char*, int> categories[] = {
      {"LC_CTYPE", LC_CTYPE}, {"LC_NUMERIC", LC_NUMERIC},   {"LC_COLLATE", LC_COLLATE},
      {"LC_TIME", LC_TIME},   {"LC_MONETARY", LC_MONETARY}, {"LC_MESSAGES", LC_MESSAGES}};
  for (const auto& [name, category] : categories) {
    const char* value = std::setlocale(category, nullptr);
    state[std::string("locale ") + name] = value ? value : "";
  }
  state["the C++ locale"] = std::locale().name();
}

void add_signals(ProcessState& state) {
  sigset_t blocked;
  ::sigprocmask(SIG_BLOCK, nullptr, &blocked);
  for (int signal = 1; signal < 32; ++signal) {
    struct sigaction action {};
    if (::sigaction(signal, nullptr, &action) != 0) continue;
    const auto handler = reinterpret_cast<uintptr_t>(action.sa_handler);
    const std::string name = "the handler of signal " + std::to_string(signal);
    state[name] = handler == 0 ? "the default" : handler == 1 ? "ignored" : "a function";
    state["whether signal " + std::to_string(signal) + " is blocked"] =
        sigismember(&blocked, signal) ? "yes" : "no";
  }
}

void add_limits(ProcessState& state) {
  const std::pair<const char*, int> limits[] = {{"stack", RLIMIT_STACK},
                                                {"open files", RLIMIT_NOFILE},
                                                {"address space", RLIMIT_AS},
                                                {"core file", RLIMIT_CORE}};
  for (const auto& [name, which] : limits) {
    rlimit limit{};
    ::getrlimit(static_cast<decltype(RLIMIT_STACK)>(which), &limit);
    state[std::string("the limit of ") + name] = std::to_string(limit.rlim_cur);
  }
}

}  // namespace

ProcessState process_state() {
  ProcessState state;
  add_locale(state);
  add_signals(state);
  add_limits(state);
  const mode_t mask = ::umask(0);
  ::umask(mask);
  state["umask"] = std::to_string(mask);
  std::error_code error;
  state["the working directory"] = fs::current_path(error).string();
  for (char** at = environ; *at; ++at) {
    const std::string entry = *at;
    const size_t equals = entry.find('=');
    state["the environment variable " + entry.substr(0, equals)] =
        equals == std::string::npos ? "" : entry.substr(equals + 1);
  }
  state["the rounding mode"] = std::to_string(std::fegetround());
#if defined(__x86_64__)
  state["the floating-point control word"] =
      std::to_string(_mm_getcsr() & 0xFFC0u);  // without the sticky flags
#endif
  itimerval timer{};
  ::getitimer(ITIMER_REAL, &timer);
  state["the alarm"] = timer.it_value.tv_sec || timer.it_value.tv_usec ? "set" : "not set";
  return state;
}

std::string difference(const ProcessState& before, const ProcessState& after) {
  for (const auto& [name, value] : before) {
    const auto now = after.find(name);
    if (now == after.end()) return name + " was \"" + value + "\" and is gone";
    if (now->second != value) return name + " was \"" + value + "\" and is \"" + now->second + "\"";
  }
  for (const auto& [name, value] : after)
    if (!before.contains(name)) return name + " is new: \"" + value + "\"";
  return "";
}

size_t thread_count() {
  std::error_code error;
  size_t count = 0;
  for (fs::directory_iterator at("/proc/self/task", error), end; !error && at != end; at.increment(error))
    ++count;
  return count;
}

std::vector<std::string> open_files() {
  std::error_code error;
  std::vector<std::string> files;
  for (fs::directory_iterator at("/proc/self/fd", error), end; !error && at != end; at.increment(error)) {
    std::error_code unreadable;
    const std::string target = fs::read_symlink(at->path(), unreadable).string();
    if (!target.starts_with("/proc/")) files.push_back(target);  // the listing itself
  }
  return files;
}

bool is_device_file(const std::string& file) {
  return file.starts_with("/dev/nvidia") || file.starts_with("/dev/dri") || file.starts_with("/dev/kfd") ||
         file == "/dev/dxg";
}

size_t internet_sockets() {
  std::error_code error;
  size_t count = 0;
  for (fs::directory_iterator at("/proc/self/fd", error), end; !error && at != end; at.increment(error)) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    if (::getsockname(std::atoi(at->path().filename().c_str()), reinterpret_cast<sockaddr*>(&address),
                      &size) == 0)
      count += address.ss_family == AF_INET || address.ss_family == AF_INET6;
  }
  return count;
}

uint64_t resident_bytes() {
#if defined(__GLIBC__)
  ::malloc_trim(0);
#endif
  std::ifstream file("/proc/self/statm");
  uint64_t size = 0, resident = 0;
  file >> size >> resident;
  return resident * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
}

uint64_t written_to_stdout() {
  std::fflush(stdout);
  struct stat status {};
  return ::fstat(1, &status) == 0 && S_ISREG(status.st_mode) ? static_cast<uint64_t>(status.st_size) : 0;
}

}  // namespace da3::check
