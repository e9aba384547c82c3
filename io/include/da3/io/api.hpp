// SPDX-License-Identifier: Apache-2.0
// The table of libda3_io. The library is opened when a run needs it and never linked, because OpenCV's codecs
// bring more than a hundred libraries, one of them a BLAS that LibTorch must not bind to. C++ types cross, so
// both sides must come from one build: open.hpp checks that.
#pragma once

#include <da3/io/cameras.hpp>
#include <da3/io/export.hpp>
#include <da3/io/focal.hpp>
#include <da3/io/frame_stream.hpp>
#include <da3/io/image.hpp>
#include <da3/io/pose_alignment.hpp>
#include <da3/io/prediction.hpp>
#include <da3/io/preprocess.hpp>
#include <da3/io/preview.hpp>

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace da3::io {

/// Functions of libda3_io: each does what the declaration of the same name documents. Any thread, any number
/// at once.
struct Api {
  using path = std::filesystem::path;

  uint64_t struct_size;   ///< sizeof(Api)
  const char* build;      ///< version of the build, equal to DA3_IO_BUILD of the caller
  const char* libraries;  ///< "OpenCV 4.6.0, libzip 1.7.3", for run.json

  std::vector<path> (*list_inputs)(const std::vector<path>& inputs);
  Image (*read_image)(const path& file, bool exif_rotation);
  Views (*load_views)(const std::vector<path>& files, const PreprocessOptions& options,
                      const std::vector<Intrinsics>& intrinsics, const std::vector<Lens>& lenses);
  Views (*prepare_views)(const std::vector<Image>& images, const PreprocessOptions& options,
                         const std::vector<Intrinsics>& intrinsics);
  std::vector<path> (*export_prediction)(const std::vector<std::string>& formats, const path& directory,
                                         const Prediction& prediction, const ExportOptions& options);
  void (*write_text_atomic)(const path& file, std::string_view text);

  ViewsPlan (*plan_views)(const std::vector<path>& files, const PreprocessOptions& options);
  GivenCameras (*read_cameras)(const path& file);
  GivenCameras (*cameras_for)(const GivenCameras& cameras, const std::vector<path>& images);
  std::vector<float> (*normalise_extrinsics)(std::span<const Extrinsics> extrinsics);
  PoseAlignment (*align_poses)(std::span<const Extrinsics> reference, std::span<const Extrinsics> estimate,
                               uint64_t seed);
  PoseAlignment (*align_to_given)(std::span<float> predicted, std::span<const Extrinsics> given,
                                  std::span<float> depth, bool align_to_input_ext_scale);
  Intrinsics (*intrinsics_from_focal)(double focal_pixels, int64_t height, int64_t width);
  Intrinsics (*intrinsics_from_fov)(double horizontal_degrees, int64_t height, int64_t width);
  std::unique_ptr<FrameSource> (*open_frame_stream)(int descriptor, const FrameStreamOptions& options);
  std::string (*preview)(const Prediction& prediction, const PreviewOptions& options);
  bool (*has_sixel)();
  void (*depth_in_metres)(std::span<float> depth, int64_t views, int64_t height, int64_t width,
                          std::span<const Intrinsics> processed);
  bool (*is_image)(const path& file);
  void (*write_image)(const path& file, const Image& image);
  std::vector<float> (*gaussian_extrinsics)(std::span<const float> predicted,
                                            std::span<const Extrinsics> given, double scale_factor);
};

}  // namespace da3::io
