// SPDX-License-Identifier: Apache-2.0
// Lenses that are no pinholes, by COLMAP's camera models, and pictures with their distortion taken out.
#pragma once

#include <da3/io/image.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace da3::io {

using Intrinsics = std::array<float, 9>;  ///< 3x3, row major, pixels

/// What a lens does to the rays of a pinhole.
struct Lens {
  std::string model;               ///< COLMAP's name; empty, PINHOLE, SIMPLE_PINHOLE: nothing
  std::vector<double> parameters;  ///< those of the model after focal lengths and principal point
  bool distorts() const;           ///< false also where the model's parameters undo it
};

/// Where a lens shows the ray (x, y, 1) of a pinhole camera, both at distance 1. All models of COLMAP 3.8:
/// SIMPLE_RADIAL, RADIAL, OPENCV, FULL_OPENCV, FOV, OPENCV_FISHEYE, SIMPLE_RADIAL_FISHEYE, RADIAL_FISHEYE,
/// THIN_PRISM_FISHEYE. Throws Error(DA3_E_UNSUPPORTED) for another model, DA3_E_INVALID for another count of
/// parameters.
std::array<double, 2> distort(const Lens& lens, double x, double y);

/// How much longer the focal lengths of the undistorted picture must be so that all of it is seen by the
/// distorted one: 1 where the lens shows more than a pinhole would. Throws Error as distort, and
/// DA3_E_UNSUPPORTED where the lens folds the picture or shows less than a quarter of it (a factor above 2).
double undistortion_zoom(const Lens& lens, const Intrinsics& intrinsics, int64_t height, int64_t width);

/// The picture that a pinhole camera would have taken: same size and principal point, focal lengths times
/// undistortion_zoom, which intrinsics then say. Pixels count as COLMAP counts them: the middle of the first
/// one is (0.5, 0.5). Throws as undistortion_zoom.
Image undistort(const Image& image, const Lens& lens, Intrinsics& intrinsics);

}  // namespace da3::io
