// SPDX-License-Identifier: Apache-2.0
#include "locations.hpp"

#include <algorithm>
#include <da3/error.hpp>
#include <da3/option_type.hpp>
#include <vector>

namespace da3::host {
namespace fs = std::filesystem;
namespace {

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

bool is_file(const fs::path& path) {
  std::error_code ignored;
  return is_there(path) && !fs::is_directory(path, ignored);
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored))
    if (entry.path().extension() == ".yaml") names.push_back(entry.path().stem().string());
  std::sort(names.begin(), names.end());
  return names;
}

std::string shipped_profiles(const fs::path& share) {
  std::string text;
  for (const std::string& name : names_in(share / "profiles")) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "give the path of a profile" : "give a path or one of " + text;
}

}  // namespace

fs::path find_profile(const std::string& text, const fs::path& share) {
  const fs::path given = text;
  if (given.is_absolute() || is_file(given)) return given;
  fs::path inner = given;
  if (!given.empty() && *given.begin() == "configs") inner = given.lexically_relative("configs");
  for (const fs::path& folder : {share, share / "profiles"})
    for (const fs::path& name : {given, inner})
      for (const char* extension : {"", ".yaml"}) {
        fs::path candidate = folder / name;
        candidate += extension;
        if (!name.empty() && is_file(candidate)) return candidate;
      }
  if (is_there(given)) return given;  // a folder: the reader says so
  throw Error(DA3_E_NOT_FOUND, "--config: no profile \"" + text + "\" here or among the installed ones; " +
                                   shipped_profiles(share));
}

std::vector<std::string> shipped_machines(const fs::path& share) { return names_in(share / "machines"); }

fs::path find_machine(const std::string& text, const fs::path& share) {
  const fs::path given = text;
  if (given.is_absolute() || is_file(given)) return given;
  for (const char* extension : {"", ".yaml"}) {
    fs::path candidate = share / "machines" / given;
    candidate += extension;
    if (!given.empty() && is_file(candidate)) return candidate;
  }
  if (is_there(given)) return given;  // a folder: the reader says so
  const std::string near = option_type::nearest(text, shipped_machines(share));
  throw Error(DA3_E_NOT_FOUND, "--assume: no machine \"" + text + "\" here or among the installed ones; " +
                                   (near.empty() ? "\"da3-host plan --assume list\" lists them"
                                                 : "did you mean \"" + near + "\"?"));
}

fs::path demo_model(const fs::path& share) { return share / "models" / "demo"; }
fs::path demo_scene(const fs::path& share) { return share / "models" / "demo" / "scene"; }

}  // namespace da3::host
