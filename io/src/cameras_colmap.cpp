// SPDX-License-Identifier: Apache-2.0
#include "camera_readers.hpp"
#include "colmap.hpp"
#include "files.hpp"

#include <da3/error.hpp>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <optional>

namespace da3::io {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t max_side = uint64_t{1} << 20;

struct Found {
  fs::path folder;
  bool binary;
};

std::optional<Found> find_model(const fs::path& folder, const std::string& what) {
  for (const fs::path& place : {folder, folder / "sparse" / "0", folder / "sparse"})
    for (const std::string extension : {".bin", ".txt"}) {
      std::error_code failed;
      const bool found = fs::is_regular_file(place / ("cameras" + extension), failed) &&
                         fs::is_regular_file(place / ("images" + extension), failed);
      if (found) return Found{place, extension == ".bin"};
      if (failed == std::errc::permission_denied) throw_file_error(what, EACCES);
    }
  return std::nullopt;
}

/// The rotation that a quaternion w, x, y, z of any length but 0 means.
std::array<double, 16> pose_of(const ColmapImage& image) {
  const double length = std::hypot(std::hypot(image.quaternion[0], image.quaternion[1]),
                                   std::hypot(image.quaternion[2], image.quaternion[3]));
  if (!std::isfinite(length) || length < 1e-12)
    throw BadColmap(DA3_E_INVALID,
                    "the rotation of \"" + image.name + "\" is no quaternion; export the model again");
  const double w = image.quaternion[0] / length, x = image.quaternion[1] / length,
               y = image.quaternion[2] / length, z = image.quaternion[3] / length;
  const auto* t = image.translation;
  return {1 - 2 * (y * y + z * z),
          2 * (x * y - w * z),
          2 * (x * z + w * y),
          t[0],
          2 * (x * y + w * z),
          1 - 2 * (x * x + z * z),
          2 * (y * z - w * x),
          t[1],
          2 * (x * z - w * y),
          2 * (y * z + w * x),
          1 - 2 * (x * x + y * y),
          t[2],
          0,
          0,
          0,
          1};
}

struct Parts {
  std::array<double, 9> matrix;
  Lens lens;
};

Parts parts_of(const ColmapCamera& camera, const std::string& image) {
  const auto models = colmap_models();
  const auto model = std::find_if(models.begin(), models.end(),
                                  [&](const ColmapModel& known) { return known.name == camera.model; });
  if (model == models.end())
    throw BadColmap(DA3_E_UNSUPPORTED, "\"" + image + "\" has a camera of the model " + camera.model +
                                           ", which is unknown; undistort the images with COLMAP's "
                                           "image_undistorter");
  const auto& p = camera.parameters;
  if (!std::all_of(p.begin(), p.end(), [](double value) { return std::isfinite(value); }))
    throw BadColmap(DA3_E_INVALID, "the camera of \"" + image +
                                       "\" has a parameter that is not finite; export the model again");
  const size_t focals = model->kind == ColmapModel::one_focal ? 1 : 2;
  return {{p[0], 0, p[focals], 0, p[focals - 1], p[focals + 1], 0, 0, 1},
          {camera.model, {p.begin() + static_cast<std::ptrdiff_t>(focals) + 2, p.end()}}};
}

RawCameras assemble(const ColmapFiles& files) {
  RawCameras cameras;
  for (const ColmapImage& image : files.images) {
    const auto found = files.cameras.find(image.camera);
    if (found == files.cameras.end())
      throw BadColmap(DA3_E_INVALID, "\"" + image.name + "\" has the camera " + std::to_string(image.camera) +
                                         ", which the model lacks; export the model again");
    const ColmapCamera& camera = found->second;
    if (camera.width < 1 || camera.height < 1 || camera.width > max_side || camera.height > max_side)
      throw BadColmap(DA3_E_INVALID, "camera " + std::to_string(image.camera) + " is " +
                                         std::to_string(camera.width) + "x" + std::to_string(camera.height) +
                                         " pixels; export the model again");
    Parts parts = parts_of(camera, image.name);
    cameras.names.push_back(image.name);
    cameras.extrinsics.push_back(pose_of(image));
    cameras.intrinsics.push_back(parts.matrix);
    if (!parts.lens.distorts()) parts.lens = {};
    cameras.lenses.push_back(std::move(parts.lens));
    cameras.sizes.push_back({static_cast<int64_t>(camera.height), static_cast<int64_t>(camera.width)});
  }
  const auto none = [](const Lens& lens) { return lens.model.empty(); };
  if (std::all_of(cameras.lenses.begin(), cameras.lenses.end(), none)) cameras.lenses.clear();
  return cameras;
}

}  // namespace

std::span<const ColmapModel> colmap_models() {
  using enum ColmapModel::Kind;
  static constexpr std::array<ColmapModel, 11> models{{{0, "SIMPLE_PINHOLE", 3, one_focal},
                                                       {1, "PINHOLE", 4, two_focals},
                                                       {2, "SIMPLE_RADIAL", 4, one_focal},
                                                       {3, "RADIAL", 5, one_focal},
                                                       {4, "OPENCV", 8, two_focals},
                                                       {5, "OPENCV_FISHEYE", 8, two_focals},
                                                       {6, "FULL_OPENCV", 12, two_focals},
                                                       {7, "FOV", 5, two_focals},
                                                       {8, "SIMPLE_RADIAL_FISHEYE", 4, one_focal},
                                                       {9, "RADIAL_FISHEYE", 5, one_focal},
                                                       {10, "THIN_PRISM_FISHEYE", 12, two_focals}}};
  return models;
}

RawCameras read_colmap_cameras(const fs::path& folder, const std::string& what) try {
  const auto found = find_model(folder, what);
  if (!found)
    throw Error(DA3_E_INVALID,
                what +
                    " failed: neither the folder nor sparse/0 nor sparse in it has COLMAP's cameras "
                    "and images, both .bin or both .txt; name the folder of a model");
  return assemble(found->binary ? read_colmap_binary(found->folder, what)
                                : read_colmap_text(found->folder, what));
} catch (const BadColmap& bad) {
  throw Error(bad.code, what + " failed: " + bad.what());
}

}  // namespace da3::io
