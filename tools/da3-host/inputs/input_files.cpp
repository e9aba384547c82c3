// SPDX-License-Identifier: Apache-2.0
#include "inputs/input_files.hpp"

#include <sys/stat.h>

#include <string>

namespace da3::host {
namespace fs = std::filesystem;

void InputFiles::add(const fs::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) == 0) files_.emplace(status.st_dev, status.st_ino);
}

void InputFiles::add_model(const fs::path& folder) {
  for (const char* name : {"model.safetensors", "config.json"}) add(folder / name);
}

void InputFiles::add_poses(const fs::path& poses) {
  if (poses.empty()) return;
  add(poses);
  for (const fs::path& place : {poses, poses / "sparse" / "0", poses / "sparse"})
    for (const char* name : {"cameras", "images", "points3D", "rigs", "frames"})
      for (const char* extension : {".bin", ".txt"}) add(place / (std::string(name) + extension));
}

bool InputFiles::has(const fs::path& file) const {
  struct stat status {};
  return ::stat(file.c_str(), &status) == 0 && files_.contains({status.st_dev, status.st_ino});
}

}  // namespace da3::host
