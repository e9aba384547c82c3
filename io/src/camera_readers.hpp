// SPDX-License-Identifier: Apache-2.0
// The parts of read_cameras. A reader gives numbers as they are; check_cameras says whether they are cameras.
#pragma once

#include <da3/io/cameras.hpp>

#include <array>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace da3::io {

/// Camera parameters before they are checked, in double.
struct RawCameras {
  std::vector<std::string> names;
  std::vector<std::array<double, 16>> extrinsics;
  std::vector<std::array<double, 9>> intrinsics;
  std::vector<std::array<int64_t, 2>> sizes;
  std::vector<Lens> lenses;
  std::vector<std::string> warnings;
};

/// `what` begins every sentence: "reading the cameras of ...".
RawCameras read_npz_cameras(const std::filesystem::path& file, const std::string& what);
RawCameras read_json_cameras(const std::filesystem::path& file, const std::string& what);
RawCameras read_tum_cameras(const std::filesystem::path& file, const std::string& what);
/// By the first line that is no comment; `begin` is the beginning of a file.
bool looks_like_tum(std::string_view begin);
RawCameras read_colmap_cameras(const std::filesystem::path& folder, const std::string& what);

/// Throws what read_cameras documents for numbers that are no cameras; adds warnings for what looks wrong.
GivenCameras check_cameras(RawCameras raw, const std::string& what);

/// Sentences about conventions that the extrinsics seem not to follow: see read_cameras.
std::vector<std::string> convention_warnings(const std::vector<Extrinsics>& extrinsics);

/// "camera 3 (\"left/3.jpg\")", counted from 1.
std::string camera_text(size_t index, const std::vector<std::string>& names);

/// Throws Error(DA3_E_SHAPE) for more than max_cameras.
void check_camera_count(uint64_t count, const std::string& what);

/// 3x4, row major, gets the last row 0 0 0 1.
std::array<double, 16> with_last_row(const double* rows);

}  // namespace da3::io
