// SPDX-License-Identifier: Apache-2.0
#include "scenes/folder_names.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace da3::host {
namespace {

/// Files and folders of the run itself.
constexpr std::array kept{"run.json", "items.jsonl", "input_images"};

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

}  // namespace

bool may_name_a_folder(const std::string& name) {
  return !name.empty() && name != "." && name != ".." &&
         std::find(kept.begin(), kept.end(), lower(name)) == kept.end();
}

std::string FolderNames::unique(const std::string& name) {
  const std::string base = name.empty() || name == "." || name == ".." ? "image" : name;
  std::string candidate = base;
  for (int n = 2; !may_name_a_folder(candidate) || !used_.insert(lower(candidate)).second; ++n)
    candidate = base + "-" + std::to_string(n);
  return candidate;
}

}  // namespace da3::host
