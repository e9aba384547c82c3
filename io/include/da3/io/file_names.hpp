// SPDX-License-Identifier: Apache-2.0
// What the names of files say, without opening libda3_io: extensions, and what a folder shows.
#pragma once

#include <da3/io/natural_order.hpp>
#include <da3/io/settings.hpp>
#include <da3/io/video.hpp>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace da3::io {

/// In small letters and without the dot: "jpg" of "a.JPG"; empty where there is none.
inline std::string extension_of(const std::filesystem::path& path) {
  std::string extension = path.extension().string();
  for (char& c : extension) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return extension.empty() ? extension : extension.substr(1);
}

inline bool has_image_name(const std::filesystem::path& path) {
  const std::string extension = extension_of(path);
  return std::find(image_extensions.begin(), image_extensions.end(), std::string_view(extension)) !=
         image_extensions.end();
}

inline bool has_video_name(const std::filesystem::path& path) {
  const std::string extension = extension_of(path);
  return std::find(video_extensions.begin(), video_extensions.end(), std::string_view(extension)) !=
         video_extensions.end();
}

/// Files and folders of a folder in natural order, without hidden ones; failed: why it cannot be listed, or
/// not to its end.
inline std::vector<std::filesystem::path> visible_entries(const std::filesystem::path& folder,
                                                          std::error_code& failed) {
  namespace fs = std::filesystem;
  std::vector<fs::path> entries;
  for (fs::directory_iterator entry(folder, failed), end; !failed && entry != end; entry.increment(failed))
    if (!entry->path().filename().native().starts_with('.')) entries.push_back(entry->path());
  std::sort(entries.begin(), entries.end(), [](const fs::path& a, const fs::path& b) {
    return natural_less(a.filename().native(), b.filename().native());
  });
  return entries;
}

}  // namespace da3::io
