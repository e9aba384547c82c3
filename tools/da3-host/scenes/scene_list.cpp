// SPDX-License-Identifier: Apache-2.0
#include "scenes/scene_list.hpp"

#include <da3/io/file_names.hpp>

#include "scenes/folder_names.hpp"

namespace da3::host {
namespace fs = std::filesystem;
namespace {

bool has_images(const fs::path& folder) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored))
    if (!entry.path().filename().native().starts_with('.') && !entry.is_directory(ignored) &&
        io::has_image_name(entry.path()))
      return true;
  return false;
}

/// The folders below a folder that has no images itself; empty when it is no folder of folders.
std::vector<fs::path> scene_folders(const std::vector<fs::path>& inputs) {
  std::vector<fs::path> folders;
  std::error_code ignored;
  if (inputs.size() != 1 || !fs::is_directory(inputs.front(), ignored) || has_images(inputs.front()))
    return folders;
  for (const fs::path& entry : io::visible_entries(inputs.front(), ignored))
    if (fs::is_directory(entry, ignored) && has_images(entry)) folders.push_back(entry);
  return folders;
}

std::string scene_name(const fs::path& input) {
  std::error_code ignored;
  const fs::path full = fs::weakly_canonical(input, ignored);
  const std::string name =
      full.has_filename() ? full.stem().string() : full.parent_path().filename().string();
  return name.empty() ? "scene" : name;
}

std::vector<Scene> numbered(std::vector<Scene> scenes) {
  size_t first = 0;
  for (Scene& scene : scenes) {
    scene.first = first;
    first += scene.files.size();
  }
  return scenes;
}

}  // namespace

std::vector<Scene> list_scenes(const std::vector<fs::path>& inputs, Mode mode,
                               const ListInputs& list_inputs) {
  std::vector<Scene> scenes;
  const std::vector<fs::path> folders = scene_folders(inputs);
  if (folders.empty()) {
    scenes.push_back({scene_name(inputs.front()), "", list_inputs(inputs), 0});
  } else {
    FolderNames names;
    for (const fs::path& folder : folders) {
      const std::string name = folder.filename().string();
      scenes.push_back({name, names.unique(name), list_inputs({folder}), 0});
    }
  }
  return by_mode(std::move(scenes), mode);
}

std::vector<Scene> by_mode(std::vector<Scene> scenes, Mode mode) {
  if (mode == Mode::multiview) return numbered(std::move(scenes));
  std::vector<Scene> single;
  for (const Scene& scene : scenes) {
    FolderNames names;
    for (const fs::path& file : scene.files) {
      const fs::path folder = scene.folder / names.unique(file.stem().string());
      single.push_back({folder.string(), folder, {file}, 0});
    }
  }
  return numbered(std::move(single));
}

}  // namespace da3::host
