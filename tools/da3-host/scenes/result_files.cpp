// SPDX-License-Identifier: Apache-2.0
#include "scenes/result_files.hpp"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <string_view>

#include "exit_code.hpp"

namespace da3::host {
namespace fs = std::filesystem;
namespace {

using Paths = std::vector<fs::path>;

/// Of the formats that write always the same.
Paths fixed_files(std::string_view format, const std::string& gs_trajectory) {
  if (format == "npz" || format == "mini_npz") return {fs::path("exports") / format / "results.npz"};
  if (format == "sheet") return {"sheet.png"};
  if (format == "glb") return {"scene.glb", "scene.jpg"};
  if (format == "ply") return {"scene.ply"};
  if (format == "gs_ply") return {"gs_ply/0000.ply"};
  if (format == "gs_video") return {"gs_video/0000_" + gs_trajectory + ".mp4", "gs_video/0000_wander.mp4"};
  if (format == "colmap") return {"cameras.bin", "images.bin", "points3D.bin", "rigs.bin", "frames.bin"};
  if (format == "colmap_text") return {"cameras.txt", "images.txt", "points3D.txt"};
  if (format == "png16") return {"png16/units.json"};
  return {};
}

/// The extension of a format with a file for each view in a folder of its name.
std::string_view extension_of_views(std::string_view format) {
  if (format == "depth_vis") return ".jpg";
  if (format == "ply") return ".ply";
  if (format == "png16") return ".png";
  if (format == "exr") return ".exr";
  if (format == "pfm") return ".pfm";
  if (format == "tiff32") return ".tiff";
  if (format == "raw") return ".bin";
  return "";
}

std::string numbered(size_t view, int digits, std::string_view extension) {
  char name[32];
  std::snprintf(name, sizeof name, "%0*zu", digits, view);
  return name + std::string(extension);
}

void add_features(Paths& files, int64_t block, size_t views, bool pictures) {
  const std::string name = "feat_layer_" + std::to_string(block);
  files.push_back(fs::path("exports/features") / (name + ".npy"));
  if (!pictures) return;
  files.push_back(fs::path("feat_vis") / (name + ".mp4"));
  for (size_t view = 0; view < views; ++view)
    files.push_back(fs::path("feat_vis") / name / numbered(view, 6, ".jpg"));
}

}  // namespace

Paths result_files(const std::vector<std::string>& formats, const std::vector<int64_t>& features,
                   const std::string& gs_trajectory, size_t views) {
  Paths files;
  bool feature_pictures = false;
  for (const std::string& format : formats) {
    const Paths fixed = fixed_files(format, gs_trajectory);
    files.insert(files.end(), fixed.begin(), fixed.end());
    if (const auto extension = extension_of_views(format); !extension.empty())
      for (size_t view = 0; view < views; ++view)
        files.push_back(fs::path(format) / numbered(view, 4, extension));
    feature_pictures = feature_pictures || format == "feat_vis";
  }
  for (const int64_t block : features) add_features(files, block, views, feature_pictures);
  return files;
}

void check_result(const InputFiles& inputs, const fs::path& file) {
  if (inputs.has(file))
    throw PhaseError(Phase::output, Error(DA3_E_INVALID, "writing \"" + file.string() +
                                                             "\" failed: it is one of the inputs; choose "
                                                             "another output folder"));
}

void check_results(const InputFiles& inputs, const SceneContext& context, const Scene& scene) {
  const size_t views = std::max<size_t>(scene.files.size(), 1);
  for (const fs::path& file :
       result_files(context.formats, context.features, context.export_options.gs_trajectory, views))
    check_result(inputs, context.output / scene.folder / file);
}

void check_stream_file(const fs::path& file) {
  std::error_code failed;
  if (file == "-" || !fs::is_regular_file(file, failed) || fs::file_size(file, failed) == 0) return;
  char head[4] = {};
  std::ifstream(file, std::ios::binary).read(head, sizeof head);
  if (std::string_view(head, sizeof head) == "DA3D") return;
  throw PhaseError(Phase::output, Error(DA3_E_INVALID, "writing depth to \"" + file.string() +
                                                           "\" failed: the file is there and is no earlier "
                                                           "stream of depth; remove it or name another with "
                                                           "--stream-to"));
}

}  // namespace da3::host
