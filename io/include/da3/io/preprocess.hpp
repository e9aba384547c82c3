// SPDX-License-Identifier: Apache-2.0
// From image files to what the network reads: one tensor of equal-sized views.
#pragma once

#include <da3/io/image.hpp>
#include <da3/io/lens.hpp>

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace da3::io {

struct PreprocessOptions {
  int64_t process_res = 504;                              ///< pixels, 1 to 16384
  std::string process_res_method = "upper_bound_resize";  ///< one of process_res_methods
  int workers = 1;                                        ///< threads; the result does not depend on it
  bool exif_rotation = false;                             ///< see read_image
};

/// The views of one scene, ready for the plugin's `image` input.
struct Views {
  int64_t views = 0, height = 0, width = 0;            ///< height and width are multiples of 14
  std::vector<uint8_t> pixels;                         ///< [views, height, width, 3] RGB
  std::vector<std::array<int64_t, 2>> original_sizes;  ///< {height, width} of each file
  std::vector<std::array<int64_t, 2>>
      sizes_before_unify;  ///< {height, width} before all were cut to the smallest
  std::vector<std::array<int64_t, 2>>
      uncut_sizes;                      ///< {height, width} each file was resized to, before all cutting
  std::vector<Intrinsics> intrinsics;   ///< empty, or one per view in processed pixels
  double decode_ms = 0, resize_ms = 0;  ///< summed over the workers
};

/// Reads and resizes the files of one scene. intrinsics: empty, or one per file in the file's own pixels.
/// lenses: empty, or one per file with intrinsics: their distortion is taken out first, and the views'
/// intrinsics are those of the pictures without it.
/// Throws Error: whatever read_image throws (kind 2, index of the first bad file); DA3_E_BAD_VALUE for bad
/// options; what undistort throws; DA3_E_INVALID without files or with another count of intrinsics or lenses;
/// DA3_E_SHAPE for a picture so thin that a side would become 0, or for more than 2^31 pixels in all.
Views load_views(const std::vector<std::filesystem::path>& files, const PreprocessOptions& options,
                 const std::vector<Intrinsics>& intrinsics = {}, const std::vector<Lens>& lenses = {});

/// The same for images that are in memory already.
Views prepare_views(const std::vector<Image>& images, const PreprocessOptions& options,
                    const std::vector<Intrinsics>& intrinsics = {});

/// The sizes that load_views will give.
struct ViewsPlan {
  int64_t views = 0, height = 0, width = 0;            ///< as in Views
  std::vector<std::array<int64_t, 2>> original_sizes;  ///< {height, width} of each file
};

/// What load_views would give, without decoding a pixel: the files are read, but only their structure is
/// looked at; with exif_rotation they are decoded, which alone tells how they lie. Throws what load_views
/// throws, but for pixel data that only a decoder finds damaged.
ViewsPlan plan_views(const std::vector<std::filesystem::path>& files, const PreprocessOptions& options);

}  // namespace da3::io
