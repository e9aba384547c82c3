// SPDX-License-Identifier: Apache-2.0
#include "inputs/input_files.hpp"

#include <sys/stat.h>

#include <string>

namespace da3::host {
namespace fs = std::filesystem;

std::vector<fs::path> colmap_files(const fs::path& folder, std::initializer_list<const char*> names) {
  std::vector<fs::path> files;
  std::error_code ignored;
  for (const fs::path& place : {folder, folder / "sparse" / "0", folder / "sparse"})
    for (const char* extension : {".bin", ".txt"})
      for (const char* name : names)
        if (const fs::path file = place / (std::string(name) + extension); fs::exists(file, ignored))
          files.push_back(file);
  return files;
}

void InputFiles::add(const fs::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) == 0) files_.emplace(status.st_dev, status.st_ino);
}

void InputFiles::add_model(const fs::path& folder) {
  for (const char* name : model_file_names) add(folder / name);
}

void InputFiles::add_poses(const fs::path& poses) {
  if (poses.empty()) return;
  add(poses);
  for (const fs::path& file : colmap_files(poses, {"cameras", "images", "points3D", "rigs", "frames"}))
    add(file);
}

bool InputFiles::has(const fs::path& file) const {
  struct stat status {};
  return ::stat(file.c_str(), &status) == 0 && files_.contains({status.st_dev, status.st_ino});
}

}  // namespace da3::host
