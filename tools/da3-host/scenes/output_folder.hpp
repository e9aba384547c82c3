// SPDX-License-Identifier: Apache-2.0
// The folder of a run's results: whether it can be written to, and whether it is still the one that it was.
#pragma once

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>

namespace da3::host {

/// Before the work, where it can be seen without writing: throws PhaseError (output) where the folder, or
/// what it would be made in, is a file or must not be written to.
void check_output_folder(const std::filesystem::path& output);

/// Writing makes folders that are not there. Where the run's own one has gone meanwhile, unmounted or
/// removed, that would fill another disk, and run.json would name files that nobody has. [any thread]
class OutputFolder {
 public:
  explicit OutputFolder(std::filesystem::path path) : path_(std::move(path)) {}

  /// Before something is written, and after: from when it is there on, it must be there and on its device, or
  /// this throws PhaseError (output).
  void check();

 private:
  std::filesystem::path path_;
  std::mutex mutex_;
  std::optional<uint64_t> device_;  ///< that it was seen on
};

}  // namespace da3::host
