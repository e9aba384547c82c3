// SPDX-License-Identifier: Apache-2.0
#include <da3/error.hpp>
#include <da3/io/file_names.hpp>
#include <da3/io/image.hpp>

#include <cerrno>
#include <string>
#include <system_error>

namespace da3::io {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> images_of_folder(const fs::path& folder, int64_t index) {
  const std::string what = "listing the folder \"" + folder.string() + "\" failed: ";
  std::vector<fs::path> images;
  bool has_folders = false;
  fs::path video;
  std::error_code failed;
  for (const fs::path& entry : visible_entries(folder, failed)) {
    std::error_code unknown;
    if (fs::is_directory(entry, unknown))
      has_folders = true;
    else if (has_image_name(entry))
      images.push_back(entry);
    else if (has_video_name(entry) && video.empty())
      video = entry;
  }
  if (failed)
    throw Error(DA3_E_NOT_FOUND, what + failed.message() + "; check its permissions", 2, index,
                failed.value());
  if (images.empty())
    throw Error(DA3_E_INVALID,
                what + "it has no images (png, jpg, jpeg, webp, bmp, tiff, tif)" +
                    (!video.empty() ? ", but videos; name a video itself, as \"" + video.string() + "\""
                     : has_folders  ? ", and folders inside it are not searched; name them one by one"
                                    : "; name a folder with images or the files themselves"),
                2, index);
  return images;
}

}  // namespace

std::vector<fs::path> list_inputs(const std::vector<fs::path>& inputs) {
  std::vector<fs::path> files;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const auto index = static_cast<int64_t>(i);
    const std::string what = "input \"" + inputs[i].string() + "\" cannot be used: ";
    std::error_code failed;
    const fs::file_status status = fs::status(inputs[i], failed);
    if (status.type() == fs::file_type::not_found)
      throw Error(DA3_E_NOT_FOUND, what + "no such file or folder; check the path", 2, index, ENOENT);
    if (failed)
      throw Error(DA3_E_NOT_FOUND, what + failed.message() + "; check the path and its permissions", 2, index,
                  failed.value());
    if (fs::is_directory(status)) {
      const auto images = images_of_folder(inputs[i], index);
      files.insert(files.end(), images.begin(), images.end());
    } else if (fs::is_regular_file(status)) {
      files.push_back(inputs[i]);
    } else {
      throw Error(DA3_E_INVALID, what + "it is neither a file nor a folder; save the picture to a file first",
                  2, index);
    }
  }
  return files;
}

}  // namespace da3::io
