// SPDX-License-Identifier: Apache-2.0
#include "camera_readers.hpp"

#include <da3/error.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <unordered_set>

namespace da3::io {
namespace {

constexpr double last_row_tolerance = 1e-4;
constexpr double small_deviation = 1e-2, gross_deviation = 0.1;  // of R * R^T from the identity
constexpr double min_focal = 10;                                 // pixels

/// Which cameras a warning is about: how many, and the first.
struct Some {
  size_t count = 0, first = 0;
  void add(size_t index) {
    if (count++ == 0) first = index;
  }
  std::string text(size_t all, const std::vector<std::string>& names) const {
    return std::to_string(count) + " of " + std::to_string(all) +
           " cameras (first: " + camera_text(first, names) + ")";
  }
};

double determinant(const std::array<double, 16>& e) {
  return e[0] * (e[5] * e[10] - e[6] * e[9]) - e[1] * (e[4] * e[10] - e[6] * e[8]) +
         e[2] * (e[4] * e[9] - e[5] * e[8]);
}

/// Largest difference between R * R^T and the identity.
double deviation(const std::array<double, 16>& e) {
  double largest = 0;
  for (size_t i = 0; i < 3; ++i)
    for (size_t j = 0; j < 3; ++j) {
      double dot = i == j ? -1 : 0;
      for (size_t k = 0; k < 3; ++k) dot += e[4 * i + k] * e[4 * j + k];
      largest = std::max(largest, std::abs(dot));
    }
  return largest;
}

bool all_finite(std::span<const double> values) {
  // float is what the network reads.
  return std::all_of(values.begin(), values.end(),
                     [](double v) { return std::abs(v) <= std::numeric_limits<float>::max(); });
}

void check_extrinsics(RawCameras& raw, const std::string& what) {
  Some mirrored, loose;
  for (size_t i = 0; i < raw.extrinsics.size(); ++i) {
    auto& e = raw.extrinsics[i];
    const std::string of = what + " failed: the extrinsics of " + camera_text(i, raw.names) + " ";
    if (!all_finite(e))
      throw Error(DA3_E_INVALID, of + "hold a value that is not finite; leave that camera out");
    const auto is_unit = [&](size_t begin, size_t step) {
      for (size_t k = 0; k < 4; ++k)
        if (std::abs(e[begin + k * step] - (k == 3 ? 1 : 0)) > last_row_tolerance) return false;
      return true;
    };
    if (!is_unit(12, 1))
      throw Error(DA3_E_INVALID, of + "do not end with the row 0 0 0 1; " +
                                     (is_unit(3, 4) ? "they are transposed, transpose them back"
                                                    : "write rotation and translation as 3x4 or 4x4"));
    e[12] = e[13] = e[14] = 0, e[15] = 1;
    const double off = deviation(e);
    if (off > gross_deviation)
      throw Error(DA3_E_INVALID,
                  of + "have no rotation in them: its rows are not of length 1 at right angles; "
                       "write [R|t] without scale");
    if (off > small_deviation) loose.add(i);
    if (determinant(e) < 0) mirrored.add(i);
  }
  const size_t all = raw.extrinsics.size();
  if (mirrored.count != 0)
    raw.warnings.push_back("the rotations of " + mirrored.text(all, raw.names) +
                           " mirror space (determinant -1): one or three axes point the other way; use "
                           "world-to-camera matrices with x right, y down, z forward");
  if (loose.count != 0)
    raw.warnings.push_back(
        "the rotations of " + loose.text(all, raw.names) +
        " are not quite rotations (rows not of length 1 at right angles); write them with more "
        "digits");
}

void check_intrinsics(RawCameras& raw, const std::string& what) {
  Some normalised;
  for (size_t i = 0; i < raw.intrinsics.size(); ++i) {
    const auto& k = raw.intrinsics[i];
    const std::string of = what + " failed: the intrinsics of " + camera_text(i, raw.names) + " ";
    if (!all_finite(k))
      throw Error(DA3_E_INVALID, of + "hold a value that is not finite; leave that camera out");
    if (std::abs(k[6]) > last_row_tolerance || std::abs(k[7]) > last_row_tolerance ||
        std::abs(k[8] - 1) > last_row_tolerance || std::abs(k[3]) > last_row_tolerance * std::abs(k[4]))
      throw Error(DA3_E_INVALID, of + "are not of the form fx s cx, 0 fy cy, 0 0 1; write them so");
    if (!(k[0] > 0) || !(k[4] > 0))
      throw Error(DA3_E_INVALID, of + "have a focal length that is not positive; write fx and fy in pixels");
    const bool in_unit = std::abs(k[2]) <= 1 && std::abs(k[5]) <= 1;
    if (std::min(k[0], k[4]) < min_focal || in_unit) normalised.add(i);
  }
  if (normalised.count != 0)
    raw.warnings.push_back(
        "the intrinsics of " + normalised.text(raw.intrinsics.size(), raw.names) +
        " look like fractions of the image; multiply the first row by its width and the second "
        "by its height in pixels");
}

void check_names(const RawCameras& raw, const std::string& what) {
  std::unordered_set<std::string> seen;
  for (size_t i = 0; i < raw.names.size(); ++i) {
    if (raw.names[i].empty())
      throw Error(DA3_E_INVALID,
                  what + " failed: " + camera_text(i, {}) + " has an empty name; name its image");
    if (!seen.insert(raw.names[i]).second)
      throw Error(DA3_E_INVALID,
                  what + " failed: two cameras are of \"" + raw.names[i] + "\"; leave one out");
  }
}

void check_counts(const RawCameras& raw, const std::string& what) {
  const size_t poses = raw.extrinsics.size(), lenses = raw.intrinsics.size(), names = raw.names.size();
  const size_t count = std::max(poses, lenses);
  if (count == 0) throw Error(DA3_E_INVALID, what + " failed: it has no cameras; write one for each image");
  if ((poses != 0 && poses != count) || (lenses != 0 && lenses != count) || (names != 0 && names != count))
    throw Error(DA3_E_SHAPE, what + " failed: it has " + std::to_string(poses) + " extrinsics, " +
                                 std::to_string(lenses) + " intrinsics and " + std::to_string(names) +
                                 " image names; write as many of each, or none");
  check_camera_count(count, what);
}

}  // namespace

GivenCameras check_cameras(RawCameras raw, const std::string& what) {
  check_counts(raw, what);
  check_names(raw, what);
  check_extrinsics(raw, what);
  check_intrinsics(raw, what);
  GivenCameras cameras;
  cameras.names = std::move(raw.names);
  cameras.extrinsics = std::move(raw.extrinsics);
  cameras.sizes = std::move(raw.sizes);
  cameras.lenses = std::move(raw.lenses);
  cameras.warnings = std::move(raw.warnings);
  for (const auto& k : raw.intrinsics) {
    Intrinsics& single = cameras.intrinsics.emplace_back();
    std::transform(k.begin(), k.end(), single.begin(), [](double v) { return static_cast<float>(v); });
  }
  for (std::string& warning : convention_warnings(cameras.extrinsics))
    cameras.warnings.push_back(std::move(warning));
  return cameras;
}

}  // namespace da3::io
