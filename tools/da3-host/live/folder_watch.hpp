// SPDX-License-Identifier: Apache-2.0
// Images as they appear in a folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <utility>
#include <vector>

namespace da3::host {

/// Looks at the folder each time it is asked; works on every file system and system. A file is ready when two
/// looks after each other find the same size and time of change; one that is written again is ready again.
class FolderWatch {
 public:
  explicit FolderWatch(std::filesystem::path folder) : folder_(std::move(folder)) {}

  /// Files by their names' extensions, hidden ones left out, that became ready since the last look, in
  /// natural order. Throws Error(DA3_E_NOT_FOUND, native = errno) when the folder cannot be listed.
  std::vector<std::filesystem::path> look();

 private:
  struct State {
    uintmax_t size = 0;
    std::filesystem::file_time_type changed;
    bool told = false;
    bool same_as(const State& other) const { return size == other.size && changed == other.changed; }
  };

  std::filesystem::path folder_;
  std::map<std::filesystem::path, State> known_;
};

}  // namespace da3::host
