// SPDX-License-Identifier: Apache-2.0
#include "inputs/expand_inputs.hpp"

#include <glob.h>

#include <algorithm>
#include <da3/error.hpp>
#include <da3/io/file_names.hpp>
#include <memory>
#include <string>

namespace da3::host {
namespace fs = std::filesystem;
namespace {

constexpr size_t longest_list = size_t{1} << 26;

std::string read_list(std::istream& list) {
  std::string text;
  char block[1 << 16];
  while (list.read(block, sizeof block), list.gcount() > 0) {
    text.append(block, static_cast<size_t>(list.gcount()));
    if (text.size() > longest_list)
      throw Error(DA3_E_SHAPE, "the list of inputs on stdin is longer than 64 MiB; split it");
  }
  return text;
}

std::vector<fs::path> names_in(const std::string& text) {
  const char separator = text.find('\0') != text.npos ? '\0' : '\n';
  std::vector<fs::path> names;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find(separator, begin), text.size());
    std::string name = text.substr(begin, end - begin);
    if (separator == '\n' && name.ends_with('\r')) name.pop_back();
    if (!name.empty()) names.emplace_back(name);
    begin = end + 1;
  }
  if (names.empty())
    throw Error(DA3_E_INVALID,
                "the list of inputs on stdin is empty; write one name a line, or separate them by NUL bytes");
  return names;
}

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::symlink_status(path, ignored).type() != fs::file_type::not_found;
}

bool is_pattern(const fs::path& path) {
  return path.native().find_first_of("*?[") != std::string::npos && !is_there(path);
}

std::vector<fs::path> matches(const fs::path& pattern) {
  glob_t found{};
  const int status = ::glob(pattern.c_str(), GLOB_NOSORT, nullptr, &found);
  const std::unique_ptr<glob_t, void (*)(glob_t*)> owner(&found, &::globfree);
  if (status == GLOB_NOSPACE)
    throw Error(DA3_E_NOMEM_HOST, "out of memory: \"" + pattern.string() + "\" matches too many files");
  std::vector<fs::path> paths(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  if (status != 0 || paths.empty())
    throw Error(DA3_E_NOT_FOUND, "input \"" + pattern.string() +
                                     "\" cannot be used: no file has this name or matches it as a pattern; "
                                     "check the path");
  std::sort(paths.begin(), paths.end(),
            [](const fs::path& a, const fs::path& b) { return io::natural_less(a.native(), b.native()); });
  return paths;
}

/// Its own images first, then those of the folders in it.
void add_images_below(const fs::path& folder, std::vector<fs::path>& images, std::vector<fs::path>& videos) {
  std::vector<fs::path> files, folders;
  std::error_code failed;
  for (const fs::path& entry : io::visible_entries(folder, failed)) {
    std::error_code unknown;
    if (fs::is_directory(entry, unknown)) {
      if (!fs::is_symlink(entry, unknown)) folders.push_back(entry);  // a link may lead back up
    } else if (io::has_image_name(entry)) {
      files.push_back(entry);
    } else if (io::has_video_name(entry)) {
      videos.push_back(entry);
    }
  }
  if (failed)
    throw Error(DA3_E_NOT_FOUND,
                "listing the folder \"" + folder.string() + "\" failed: " + failed.message() +
                    "; check its permissions",
                0, -1, failed.value());
  images.insert(images.end(), files.begin(), files.end());
  for (const fs::path& inner : folders) add_images_below(inner, images, videos);
}

}  // namespace

std::vector<fs::path> expand_inputs(const std::vector<fs::path>& inputs, bool recursive, std::istream& list,
                                    std::vector<fs::path>& videos) {
  std::vector<fs::path> named;
  bool listed = false;
  for (const fs::path& input : inputs) {
    std::vector<fs::path> more{input};
    if (input == "-") {
      if (listed) throw Error(DA3_E_INVALID, "\"-\" is given twice: stdin has one list; give it once");
      listed = true;
      more = names_in(read_list(list));
    } else if (is_pattern(input)) {
      more = matches(input);
    }
    named.insert(named.end(), more.begin(), more.end());
  }
  if (!recursive) return named;
  std::vector<fs::path> files;
  for (const fs::path& path : named) {
    std::error_code ignored;
    if (!fs::is_directory(path, ignored)) {
      files.push_back(path);
      continue;
    }
    const size_t before = files.size();
    add_images_below(path, files, videos);
    if (files.size() == before)
      throw Error(DA3_E_INVALID, "the folder \"" + path.string() +
                                     "\" has no images below it (png, jpg, jpeg, webp, bmp, tiff, tif); name "
                                     "another");
  }
  return files;
}

}  // namespace da3::host
