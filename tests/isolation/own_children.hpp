// SPDX-License-Identifier: Apache-2.0
// What this process has open and running, by /proc; nothing is known on other systems.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace da3::test {

inline const bool has_proc = std::filesystem::exists("/proc/self/status");

/// Children of this process that are no zombies, or all.
inline std::vector<pid_t> children(bool with_zombies = true) {
  std::vector<pid_t> found;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    std::ifstream file(entry.path() / "stat");
    std::string text;
    std::getline(file, text);
    const size_t after = text.rfind(") ");
    if (after == std::string::npos) continue;
    char state = 0;
    int parent = 0;
    if (std::sscanf(text.c_str() + after + 2, "%c %d", &state, &parent) != 2 || parent != ::getpid())
      continue;
    if (state != 'Z' || with_zombies) found.push_back(std::stoi(name));
  }
  return found;
}

inline size_t entries_of(const char* folder) {
  std::error_code ignored;
  return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(folder, ignored), {}));
}
inline size_t open_files() { return entries_of("/proc/self/fd"); }
inline size_t threads() { return entries_of("/proc/self/task"); }

/// Shared memory of isolation in a process, by inode.
inline std::set<std::string> shared_mappings(const std::string& process = "self") {
  std::ifstream maps("/proc/" + process + "/maps");
  std::set<std::string> found;
  for (std::string line; std::getline(maps, line);)
    if (line.find("/memfd:da3") != std::string::npos) {
      size_t field = 0;
      for (int i = 0; i < 4; ++i) field = line.find(' ', field) + 1;
      found.insert(line.substr(field, line.find(' ', field) - field));
    }
  return found;
}

/// Polls, for processes take a moment to go.
template <class Condition>
bool soon(Condition&& condition) {
  for (int i = 0; i < 1000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return condition();
}

}  // namespace da3::test
