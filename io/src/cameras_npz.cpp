// SPDX-License-Identifier: Apache-2.0
#include "camera_readers.hpp"
#include "npz_reader.hpp"

#include <da3/error.hpp>

#include <algorithm>
#include <cmath>

namespace da3::io {
namespace {

std::string text(const std::vector<int64_t>& shape) {
  std::string result = "[";
  for (const int64_t side : shape) result += (result.size() > 1 ? "," : "") + std::to_string(side);
  return result + "]";
}

NpzArray read(const NpzReader& npz, const std::string& key, const std::string& what) {
  NpzArray array = npz.floats(key, static_cast<uint64_t>(max_cameras) * 16);
  const auto& shape = array.shape;
  const bool fits =
      shape.size() == 3 && (key == "extrinsics" ? (shape[1] == 3 || shape[1] == 4) && shape[2] == 4
                                                : shape[1] == 3 && shape[2] == 3);
  if (!fits)
    throw Error(DA3_E_SHAPE, what + " failed: \"" + key + "\" is " + text(shape) + ", and must be " +
                                 (key == "extrinsics" ? "[N,4,4] or [N,3,4]" : "[N,3,3]") + "; reshape it");
  check_camera_count(static_cast<uint64_t>(shape[0]), what);
  return array;
}

/// Predictions say what their intrinsics refer to by the shape of what they predict.
std::vector<std::array<int64_t, 2>> sizes_of(const NpzReader& npz, size_t cameras) {
  for (const std::string key : {"depth", "image"}) {
    if (!npz.has(key)) continue;
    const std::vector<int64_t> shape = npz.shape(key);
    if (shape.size() == (key == "depth" ? 3u : 4u) && shape[0] == static_cast<int64_t>(cameras))
      return {cameras, {shape[1], shape[2]}};
  }
  return {};
}

/// What da3 writes of views that are the middle of a larger picture: intrinsics become that picture's, so
/// that they can be scaled to the file.
void undo_cut(const NpzReader& npz, RawCameras& cameras, const std::string& what) {
  const std::string key = "uncut_sizes";
  if (!npz.has(key) || cameras.sizes.empty()) return;
  const size_t count = cameras.intrinsics.size();
  const NpzArray array = npz.floats(key, static_cast<uint64_t>(max_cameras) * 2);
  if (array.shape != std::vector<int64_t>{static_cast<int64_t>(count), 2})
    throw Error(DA3_E_SHAPE, what + " failed: \"" + key + "\" is " + text(array.shape) + ", and must be [" +
                                 std::to_string(count) + ",2]; leave it as da3 wrote it");
  constexpr double most = 1 << 30;
  for (size_t i = 0; i < count; ++i)
    for (const size_t axis : {0, 1}) {  // height, width
      int64_t& side = cameras.sizes[i][axis];
      const double whole = array.values[i * 2 + axis];
      if (!(whole >= static_cast<double>(side) && whole <= most) || whole != std::floor(whole))
        throw Error(DA3_E_INVALID, what + " failed: \"" + key + "\" of " + camera_text(i, {}) +
                                       " is no size that its view was cut out of; leave it as da3 wrote it");
      const int64_t cut = (static_cast<int64_t>(whole) - side) / 2;
      cameras.intrinsics[i][axis == 0 ? 5 : 2] += static_cast<double>(cut);
      side = static_cast<int64_t>(whole);
    }
}

std::string missing(const NpzReader& npz) {
  std::string keys;
  const auto all = npz.keys();
  for (size_t i = 0; i < std::min<size_t>(all.size(), 8); ++i) keys += (keys.empty() ? "" : ", ") + all[i];
  return keys.empty() ? "nothing" : keys;
}

}  // namespace

RawCameras read_npz_cameras(const std::filesystem::path& file, const std::string& what) {
  const NpzReader npz(file, what);
  RawCameras cameras;
  if (npz.has("extrinsics")) {
    const NpzArray array = read(npz, "extrinsics", what);
    const size_t each = array.shape[1] == 4 ? 16 : 12;
    for (size_t at = 0; at < array.values.size(); at += each) {
      cameras.extrinsics.push_back(with_last_row(array.values.data() + at));
      if (each == 16) std::copy_n(array.values.data() + at, 16, cameras.extrinsics.back().begin());
    }
  }
  if (npz.has("intrinsics")) {
    const NpzArray array = read(npz, "intrinsics", what);
    cameras.intrinsics.resize(array.values.size() / 9);
    for (size_t i = 0; i < cameras.intrinsics.size(); ++i)
      std::copy_n(array.values.data() + i * 9, 9, cameras.intrinsics[i].begin());
    cameras.sizes = sizes_of(npz, cameras.intrinsics.size());
    undo_cut(npz, cameras, what);
  }
  if (!npz.has("extrinsics") && !npz.has("intrinsics"))
    throw Error(DA3_E_INVALID, what + " failed: it has neither \"extrinsics\" nor \"intrinsics\" but " +
                                   missing(npz) + "; save arrays of these names");
  return cameras;
}

}  // namespace da3::io
