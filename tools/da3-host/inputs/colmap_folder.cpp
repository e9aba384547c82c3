// SPDX-License-Identifier: Apache-2.0
#include "inputs/colmap_folder.hpp"

#include <algorithm>
#include <da3/error.hpp>
#include <da3/io/file_names.hpp>
#include <da3/log.hpp>

namespace da3::host {
namespace fs = std::filesystem;
namespace {

size_t images_below(const fs::path& folder) {
  size_t count = 0;
  std::error_code failed;
  for (fs::recursive_directory_iterator entry(folder, failed), end; !failed && entry != end;
       entry.increment(failed))
    count += !entry->is_directory(failed) && io::has_image_name(entry->path());
  return count;
}

}  // namespace

bool is_colmap_folder(const std::vector<fs::path>& inputs) {
  std::error_code ignored;
  return inputs.size() == 1 && fs::is_directory(inputs.front() / "images", ignored) &&
         fs::is_directory(inputs.front() / "sparse", ignored);
}

std::vector<fs::path> colmap_images(const fs::path& folder, const std::vector<std::string>& names) {
  std::vector<fs::path> files;
  size_t there = 0;
  for (const std::string& name : names) {
    const fs::path inner = fs::path(name).lexically_normal();
    if (inner.empty() || inner.is_absolute() || *inner.begin() == "..")
      throw Error(DA3_E_INVALID, "reading the COLMAP folder \"" + folder.string() +
                                     "\" failed: the image \"" + name +
                                     "\" of its model does not lie in images/; export the model again");
    files.push_back(folder / "images" / inner);
    std::error_code ignored;
    there += fs::exists(files.back(), ignored);
  }
  if (const size_t all = images_below(folder / "images"); all > there)
    log(LogLevel::warn, std::to_string(all - there) + " of " + std::to_string(all) + " images in \"" +
                            (folder / "images").string() +
                            "\" have no pose in the model and are left out; name the images themselves to "
                            "run them without poses");
  return files;
}

}  // namespace da3::host
