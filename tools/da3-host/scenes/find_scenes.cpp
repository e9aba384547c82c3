// SPDX-License-Identifier: Apache-2.0
#include "scenes/find_scenes.hpp"

#include <algorithm>
#include <cstdlib>
#include <da3/error.hpp>
#include <da3/io/file_names.hpp>
#include <da3/log.hpp>
#include <iostream>

#include "exit_code.hpp"
#include "inputs/colmap_folder.hpp"
#include "inputs/expand_inputs.hpp"
#include "video_library.hpp"

namespace da3::host {
namespace fs = std::filesystem;
namespace {

std::vector<Scene> colmap_scenes(const SceneSearch& search) {
  const fs::path& folder = search.settings.inputs.front();
  const std::vector<std::string>& names = search.colmap->names();
  Scene scene;
  std::error_code ignored;
  const fs::path full = fs::weakly_canonical(folder, ignored);
  scene.name = (full.has_filename() ? full : full.parent_path()).filename().string();
  scene.files = names.empty() ? search.io.list_inputs({folder / "images"}) : colmap_images(folder, names);
  return by_mode({scene}, search.settings.mode);
}

void add_videos_in(const std::vector<fs::path>& inputs, std::vector<fs::path>& videos) {
  for (const fs::path& input : inputs) {
    std::error_code failed;
    if (!fs::is_directory(input, failed)) continue;
    for (const fs::path& entry : io::visible_entries(input, failed))
      if (io::has_video_name(entry)) videos.push_back(entry);
  }
}

/// A folder stands for its images: a video among them may be what was photographed, filmed.
void warn_of(const std::vector<fs::path>& videos) {
  if (videos.empty()) return;
  const std::string others = videos.size() == 1 ? "" : " and " + std::to_string(videos.size() - 1) + " more";
  log(LogLevel::warn,
      "the video \"" + videos.front().string() + "\"" + others + (videos.size() == 1 ? " is" : " are") +
          " left out: a folder stands for its images; name a video itself to take its frames");
}

}  // namespace

TemporaryFrames::TemporaryFrames() {
  std::error_code failed;
  std::string name = (fs::temp_directory_path(failed) / "da3-frames-XXXXXX").string();
  if (failed || ::mkdtemp(name.data()) == nullptr)
    throw PhaseError(Phase::output, Error(DA3_E_NOT_FOUND,
                                          "making a folder for the frames of a video failed: "
                                          "check TMPDIR"));
  path_ = name;
}

TemporaryFrames::~TemporaryFrames() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

FoundScenes find_scenes(const SceneSearch& search) {
  FoundScenes found;
  if (search.colmap) {
    found.scenes = colmap_scenes(search);
    return found;
  }
  std::vector<fs::path> passed;  // videos in folders
  const std::vector<fs::path> inputs =
      expand_inputs(search.settings.inputs, search.recursive, std::cin, passed);
  FrameJob job;
  job.io = &search.io;
  job.video_library = video_library;
  job.selection = search.settings.frames;
  job.reuse = search.reuse;
  job.progress = &search.progress;
  const auto video = [&](const fs::path& input) { return is_video(input, search.io, video_library); };
  if (search.temporary && std::any_of(inputs.begin(), inputs.end(), video))
    found.temporary = std::make_shared<const TemporaryFrames>();
  job.folder = (found.temporary ? found.temporary->path() : search.settings.output) / "input_images";
  if (found.temporary) job.earlier = search.settings.output / "input_images";
  found.frames = take_frames(inputs, job);
  found.scenes = list_scenes(inputs, search.settings.mode, [&](const std::vector<fs::path>& named) {
    add_videos_in(named, passed);
    return search.io.list_inputs(found.frames.replaced(named));
  });
  warn_of(passed);
  return found;
}

}  // namespace da3::host
