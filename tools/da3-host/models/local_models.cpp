// SPDX-License-Identifier: Apache-2.0
#include "models/local_models.hpp"

#include <algorithm>
#include <cstdlib>
#include <da3/option_type.hpp>

#include "models/hub_cache.hpp"

namespace da3::host {
namespace fs = std::filesystem;
namespace {

bool is_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

/// Also where it is a link to nothing.
bool has_entry(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(fs::symlink_status(path, ignored));
}

bool is_model(const fs::path& folder) {
  return has_entry(folder / "model.safetensors") || has_entry(folder / "config.json");
}

std::vector<fs::path> folders_in(const fs::path& folder, std::error_code& error) {
  std::vector<fs::path> list;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error))
    if (!entry->path().filename().string().starts_with('.') && is_folder(entry->path()))
      list.push_back(entry->path());
  std::sort(list.begin(), list.end());
  return list;
}

/// Models are <folder>/<name> or <folder>/<owner>/<name>; a folder that is a model itself counts as one too.
void look_into(SearchFolder& search) {
  const auto add = [&](const std::string& name, const fs::path& folder) {
    search.models.push_back({search.place, name, folder, checkpoint_problem(folder)});
  };
  if (!is_folder(search.folder)) {
    search.problem = has_entry(search.folder) ? "it is no folder" : "there is no such folder";
    return;
  }
  if (is_model(search.folder)) add(search.folder.filename().string(), search.folder);
  std::error_code error;
  for (const fs::path& folder : folders_in(search.folder, error)) {
    const std::string name = folder.filename().string();
    if (is_model(folder)) {
      add(name, folder);
      continue;
    }
    std::error_code ignored;
    for (const fs::path& inner : folders_in(folder, ignored))
      if (is_model(inner)) add(name + "/" + inner.filename().string(), inner);
  }
  if (error) search.problem = "it cannot be read: " + error.message();
}

/// Without a slash at the end, so that the folder has a name.
fs::path tidy(const fs::path& folder) {
  const fs::path normal = folder.lexically_normal();
  return normal.has_filename() ? normal : normal.parent_path();
}

std::vector<SearchFolder> model_path_folders() {
  std::vector<SearchFolder> list;
  const char* value = std::getenv("DA3_MODEL_PATH");
  for (const std::string_view item : option_type::split(value ? value : "", ':')) {
    if (item.empty()) continue;
    SearchFolder search{Place::model_path, tidy(std::string(item))};
    const bool again = std::any_of(list.begin(), list.end(), [&](const SearchFolder& earlier) {
      return earlier.folder == search.folder;
    });
    if (again) continue;
    if (search.folder.is_relative())
      search.problem = "it is not absolute and is ignored; give the whole path";
    else
      look_into(search);
    list.push_back(std::move(search));
  }
  return list;
}

}  // namespace

std::string_view place_name(Place place) {
  return place == Place::model_path  ? "DA3_MODEL_PATH"
         : place == Place::hub_cache ? "huggingface"
                                     : "installed";
}

std::string_view place_title(Place place) {
  return place == Place::model_path  ? "DA3_MODEL_PATH"
         : place == Place::hub_cache ? "the Hugging Face cache"
                                     : "the installed models";
}

std::string checkpoint_problem(const fs::path& folder) {
  for (const char* name : {"model.safetensors", "config.json"}) {
    std::error_code ignored;
    const bool entry = has_entry(folder / name), file = fs::exists(folder / name, ignored);
    if (entry && !file) return std::string("its ") + name + " is a link to nothing";
    // Tensors tell most configurations, so that config.json alone may be missing.
    if (!file && name == std::string_view("model.safetensors")) return "it has no model.safetensors";
  }
  return {};
}

std::vector<SearchFolder> search_models(const fs::path& share) {
  std::vector<SearchFolder> list = model_path_folders();
  list.push_back(search_hub_cache());
  list.push_back({Place::installed, share / "models"});
  look_into(list.back());
  return list;
}

}  // namespace da3::host
