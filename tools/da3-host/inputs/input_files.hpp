// SPDX-License-Identifier: Apache-2.0
// The files that a run reads, so that it writes over none of them.
#pragma once

#include <sys/types.h>

#include <array>
#include <filesystem>
#include <initializer_list>
#include <set>
#include <utility>
#include <vector>

namespace da3::host {

/// What a backend reads of a model's folder.
inline constexpr std::array model_file_names{"model.safetensors", "config.json"};

/// The files of these names ("cameras"), as .bin and as .txt, that are where io's read_cameras looks for a
/// COLMAP model in a folder.
std::vector<std::filesystem::path> colmap_files(const std::filesystem::path& folder,
                                                std::initializer_list<const char*> names);

/// Known as files, whatever path leads to them. What is not there is passed over.
class InputFiles {
 public:
  void add(const std::filesystem::path& file);
  void add_model(const std::filesystem::path& folder);
  /// A file, or all of the COLMAP model in a folder.
  void add_poses(const std::filesystem::path& poses);

  bool has(const std::filesystem::path& file) const;

 private:
  std::set<std::pair<dev_t, ino_t>> files_;
};

}  // namespace da3::host
