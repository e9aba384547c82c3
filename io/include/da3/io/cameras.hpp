// SPDX-License-Identifier: Apache-2.0
// Known cameras in: from a file to one camera for each image.
#pragma once

#include <da3/io/preprocess.hpp>

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace da3::io {

/// 4x4, row major: world-to-camera with OpenCV axes (x right, y down, z forward); the last row is 0 0 0 1.
/// The unit is the file's own.
using Extrinsics = std::array<double, 16>;

/// Cameras as a file gives them. Every list has one entry for each camera, or none.
struct GivenCameras {
  std::vector<std::string> names;             ///< image files, '/' between folders; empty: the file has none
  std::vector<Extrinsics> extrinsics;         ///< empty: the file has none
  std::vector<Intrinsics> intrinsics;         ///< empty: the file has none
  std::vector<std::array<int64_t, 2>> sizes;  ///< {height, width} that intrinsics refer to; empty: not said
  std::vector<Lens> lenses;                   ///< empty: all are pinholes; without model: that one is
  std::vector<std::string> warnings;          ///< sentences: what looks wrong, and what to do
};

/// More cameras than this are refused.
inline constexpr int64_t max_cameras = 100'000;

/// Reads the cameras of a scene. Told by content:
/// - an .npz with `extrinsics` [N,4,4] or [N,3,4], `intrinsics` [N,3,3], or both, float32 or float64. Where
///   there is `depth` [N,H,W] or `image` [N,H,W,3], as da3 itself writes, intrinsics refer to that size; with
///   `uncut_sizes` [N,2] to the middle of pictures of those heights and widths, which sizes then are;
/// - a folder with a COLMAP model (cameras and images, .bin or .txt) in itself, in sparse/0 or in sparse; in
///   the order of its images file. COLMAP's principal points are kept as they are, though it counts pixel
///   centres from 0.5;
/// - JSON: a list of {"image": name, "extrinsics": 3x4 or 4x4, "intrinsics": 3x3}, where every object has the
///   same keys and at least one of the last two; or one object whose "extrinsics" and "intrinsics" are lists
///   of matrices or one matrix each, and whose "image", if there, is a list of names or one name;
/// - a TUM trajectory: lines of "timestamp tx ty tz qx qy qz qw", camera-to-world, in the images' order; it
///   has no intrinsics.
///
/// Warnings tell of rotations that are not quite rotations or mirror the axes, of intrinsics that look like
/// fractions of the image, and of camera-to-world matrices (OpenCV's or OpenGL's axes) in the place of
/// world-to-camera ones. That last one is told of three or more upright photos all round a common point,
/// turning by at least 100 degrees at like distances, which the matrices as given show nothing of: always
/// when the world's origin is about that point, and in two of three cases when it is anywhere. It is not told
/// when the world is the first camera (an inverted orbit is then the orbit the other way round), nor of
/// walks, rows and rooms, which are as likely inverted as not. False alarms: fewer than one in a hundred
/// walks in loops, and only where the world's axes and origin are anywhere. World-to-camera matrices with
/// OpenGL's axes are never told: photos around an object with those are photos of a room from its middle
/// without.
///
/// Throws Error: DA3_E_NOT_FOUND (native = errno) for what cannot be opened; DA3_E_SHAPE for arrays and
/// matrices of other shapes, counts that differ, or more than max_cameras; DA3_E_UNSUPPORTED for other types
/// of numbers and for unknown camera models; DA3_E_INVALID for all else that is damaged, empty,
/// or not a camera: no number, a last row other than 0 0 0 1, no rotation, no positive focal length, a name
/// that occurs twice.
GivenCameras read_cameras(const std::filesystem::path& path);

/// One camera for each image, in the images' order. With names: the camera whose name the image's path ends
/// with (the longest), else whose file name is the image's, else whose file name is but for the extension;
/// cameras of no image are left out. Without names: by order, and the counts must be equal. Where sizes are
/// known, intrinsics are scaled to the image file's own size, and sizes become those. Throws Error:
/// DA3_E_INVALID for an image without a camera or with several, for two images with one camera, for another
/// count; DA3_E_SHAPE when the aspect of an image is more than 1 % off its camera's size (a size in multiples
/// of 14, which da3 itself writes, may be off by what rounding to those explains); what undistortion_zoom
/// throws for its lens; with intrinsics also what read_image throws for a file that cannot be opened (kind 2,
/// index into images).
GivenCameras cameras_for(const GivenCameras& cameras, const std::vector<std::filesystem::path>& images);

}  // namespace da3::io
