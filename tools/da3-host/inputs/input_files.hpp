// SPDX-License-Identifier: Apache-2.0
// The files that a run reads, so that it writes over none of them.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <set>
#include <utility>

namespace da3::host {

/// Known as files, whatever path leads to them. What is not there is passed over.
class InputFiles {
 public:
  void add(const std::filesystem::path& file);
  /// What a backend reads of a model's folder.
  void add_model(const std::filesystem::path& folder);
  /// A file, or what io's read_cameras reads of a COLMAP folder.
  void add_poses(const std::filesystem::path& poses);

  bool has(const std::filesystem::path& file) const;

 private:
  std::set<std::pair<dev_t, ino_t>> files_;
};

}  // namespace da3::host
