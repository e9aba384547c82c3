// SPDX-License-Identifier: Apache-2.0
#include "scenes/folder_names.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace da3::host {
namespace {

/// Files and folders of the run itself, and how those of a shard's run begin (shard_name).
constexpr std::array kept{"run.json", "items.jsonl", "input_images", "trace.json", "profile.md"};
constexpr std::array beginnings{"run.shard-", "items.shard-"};

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

}  // namespace

bool may_name_a_folder(const std::string& name) {
  const std::string plain = lower(name);
  const auto begins = [&](const char* text) { return plain.starts_with(text); };
  return !name.empty() && name != "." && name != ".." &&
         std::find(kept.begin(), kept.end(), plain) == kept.end() &&
         std::none_of(beginnings.begin(), beginnings.end(), begins);
}

std::string FolderNames::unique(const std::string& name) {
  // No number behind makes a shard's beginning another one.
  const auto begins = [&](const char* text) { return lower(name).starts_with(text); };
  const bool unfit = name.empty() || name == "." || name == ".." ||
                     std::any_of(beginnings.begin(), beginnings.end(), begins);
  const std::string base = unfit ? "image" : name;
  std::string candidate = base;
  for (int n = 2; !may_name_a_folder(candidate) || !used_.insert(lower(candidate)).second; ++n)
    candidate = base + "-" + std::to_string(n);
  return candidate;
}

}  // namespace da3::host
