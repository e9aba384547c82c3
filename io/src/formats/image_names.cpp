// SPDX-License-Identifier: Apache-2.0
#include "formats/image_names.hpp"

#include <algorithm>
#include <set>

namespace da3::io {
namespace fs = std::filesystem;
namespace {

bool each_once(const std::vector<std::string>& names) {
  return std::set<std::string>(names.begin(), names.end()).size() == names.size();
}

std::vector<std::string> below_common_folder(const std::vector<fs::path>& files) {
  std::vector<fs::path> whole;
  for (const fs::path& file : files) {
    std::error_code failed;
    const fs::path absolute = fs::absolute(file, failed);
    whole.push_back((failed ? file : absolute).lexically_normal());
  }
  const fs::path first = whole.front().parent_path();
  std::vector<fs::path> common(first.begin(), first.end());
  for (const fs::path& file : whole) {
    const fs::path folder = file.parent_path();
    const auto same = std::mismatch(common.begin(), common.end(), folder.begin(), folder.end());
    common.erase(same.first, common.end());
  }
  std::vector<std::string> names;
  for (const fs::path& file : whole) {
    fs::path name;
    for (auto part = std::next(file.begin(), static_cast<std::ptrdiff_t>(common.size())); part != file.end();
         ++part)
      name /= *part;
    names.push_back(name.generic_string());
  }
  return names;
}

void number_repeats(std::vector<std::string>& names) {
  std::set<std::string> used(names.begin(), names.end()), seen;
  for (std::string& name : names) {
    if (seen.insert(name).second) continue;
    const fs::path path(name);
    for (int n = 2;; ++n) {
      const std::string other = path.stem().string() + "-" + std::to_string(n) + path.extension().string();
      std::string candidate = (path.parent_path() / other).generic_string();
      if (!used.insert(candidate).second) continue;
      name = std::move(candidate);
      break;
    }
  }
}

}  // namespace

std::vector<std::string> image_names(const std::vector<fs::path>& files) {
  std::vector<std::string> names;
  for (const fs::path& file : files) names.push_back(file.filename().string());
  if (each_once(names)) return names;
  names = below_common_folder(files);
  number_repeats(names);
  return names;
}

}  // namespace da3::io
