// SPDX-License-Identifier: Apache-2.0
// Files out. Every file is written under a temporary name in its folder and renamed: a name either has its
// whole content or does not exist (or still has what was there before).
#pragma once

#include <da3/io/prediction.hpp>

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace da3::io {

struct VideoApi;  // da3/io/video.hpp

/// What is said and asked while a scene is written: by the formats that take long. Called by the thread that
/// exports; each may be empty.
struct ExportWatch {
  std::function<void(uint64_t done, uint64_t total, std::string_view stage)> progress;
  std::function<bool()> should_cancel;  ///< true ends the export with DA3_E_CANCELLED, nothing half-written
  std::function<void(bool warning, const std::string& text)> say;
};

/// How the formats are written. Names and defaults are upstream's where it has the option.
struct ExportOptions {
  double conf_thresh_percentile = 40;  ///< points: what is less sure than this share of all is left out
  int64_t num_max_points = 1'000'000;  ///< glb, ply, colmap: a random choice of this many
  bool show_cameras = true;            ///< glb: frusta
  int64_t feat_vis_fps = 15;           ///< feat_vis: of the video
  bool original_size = false;          ///< maps, images and intrinsics in the size of the image files
  bool normals = false;                ///< ply
  uint64_t seed = 0;                   ///< of the random choice
  std::string colormap = "spectral";   ///< depth_vis, sheet, scene.jpg, gs_video: one of colormaps
  bool colmap_tracks = false;          ///< colmap: points that several views agree on, with their tracks
  std::string gs_trajectory =
      "extend";                   ///< gs_video: one of gs_trajectories; of one view "wander" or "dolly_zoom"
  std::string gs_depth = "hcat";  ///< gs_video: one of gs_depths
  int threads = 1;                ///< gs_video
  ExportWatch watch;
  /// Asked when a video is to be written; may throw. Empty: there are no videos.
  std::function<const VideoApi&()> video_library;
};

/// Writes one scene in each of the formats (names from export_formats), in order, below directory (made when
/// missing), then its features, each as exports/features/feat_layer_<block>.npy. Returns the files written.
/// No format changes what another one writes. Throws Error: DA3_E_BAD_VALUE for an unknown format;
/// DA3_E_SHAPE when a span's length does not fit; DA3_E_INVALID when something that a format needs is
/// missing: all three before anything is written. DA3_E_NOT_FOUND (native = errno) when a file cannot be
/// written: no permission, disk full, folder gone. DA3_E_NUMERIC when not one point is left to write.
/// DA3_E_CANCELLED. gs_video without a library for videos: what video_library throws, or DA3_E_UNSUPPORTED;
/// feat_vis then says so and writes its pictures only.
std::vector<std::filesystem::path> export_prediction(const std::vector<std::string>& formats,
                                                     const std::filesystem::path& directory,
                                                     const Prediction& prediction,
                                                     const ExportOptions& options = {});

/// Writes a text file atomically; missing folders are made. Throws Error(DA3_E_NOT_FOUND, native = errno).
void write_text_atomic(const std::filesystem::path& path, std::string_view text);

/// What upstream exports for a pixel that the network read as `value`: normalised in float32 and back, then
/// truncated. [3][256], red, green, blue: 174, 53 and 23 values come back one lower.
using ExportTable = std::array<std::array<uint8_t, 256>, 3>;
const ExportTable& export_table();

/// Colours of one depth map: [height, width] float32 -> [height, width, 3] RGB. "spectral" is upstream's,
/// near red and far blue. Throws Error(DA3_E_BAD_VALUE) for a name that is not in colormaps.
std::vector<uint8_t> colour_depth(const float* depth, int64_t height, int64_t width,
                                  std::string_view colormap = "spectral");

}  // namespace da3::io
