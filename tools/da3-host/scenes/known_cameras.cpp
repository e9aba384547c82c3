// SPDX-License-Identifier: Apache-2.0
#include "scenes/known_cameras.hpp"

#include <da3/da3.hpp>

namespace da3::host {
namespace {

/// The part of a list that belongs to a scene, or nothing of an empty list.
template <class T>
std::vector<T> part(const std::vector<T>& all, size_t first, size_t count) {
  if (all.empty()) return {};
  const auto begin = all.begin() + static_cast<std::ptrdiff_t>(first);
  return {begin, begin + static_cast<std::ptrdiff_t>(count)};
}

}  // namespace

KnownCameras::KnownCameras(const io::Api& io, const CameraSettings& settings) : io_(io), settings_(settings) {
  if (settings.poses.empty()) return;
  cameras_ = io.read_cameras(settings.poses);
  for (const std::string& warning : cameras_.warnings) log(LogLevel::warn, warning);
  const bool one_number = settings.focal || settings.fov;
  const std::string file = "\"" + settings.poses.string() + "\"";
  if (!cameras_.intrinsics.empty() && one_number)
    throw Error(DA3_E_INVALID, "the intrinsics are given twice: by " + file +
                                   " and by --focal or --fov; leave one of them out");
  if (cameras_.intrinsics.empty() && !one_number)
    throw Error(DA3_E_INVALID,
                "the poses in " + file +
                    " come without intrinsics, which the network needs with them; add them to the "
                    "file, or give --focal or --fov");
}

SceneCameras KnownCameras::of(const Scene& scene, size_t images,
                              const std::vector<std::array<int64_t, 2>>& sizes) const {
  SceneCameras known;
  const size_t cameras = std::max(cameras_.extrinsics.size(), cameras_.intrinsics.size());
  if (cameras > 0) {
    io::GivenCameras mine;
    if (cameras_.names.empty()) {
      if (cameras != images)
        throw Error(DA3_E_INVALID, "\"" + settings_.poses.string() + "\" has " + std::to_string(cameras) +
                                       (cameras == 1 ? " camera" : " cameras") +
                                       " without names and the run has " + std::to_string(images) +
                                       (images == 1 ? " image" : " images") +
                                       ": each needs one; give the images that the cameras are of, in "
                                       "their order");
      mine.extrinsics = part(cameras_.extrinsics, scene.first, scene.files.size());
      mine.intrinsics = part(cameras_.intrinsics, scene.first, scene.files.size());
      mine.sizes = part(cameras_.sizes, scene.first, scene.files.size());
    }
    io::GivenCameras found = io_.cameras_for(cameras_.names.empty() ? mine : cameras_, scene.files);
    // The file's own warnings come first, and were told when it was read.
    const size_t told = cameras_.names.empty() ? 0 : cameras_.warnings.size();
    for (size_t i = told; i < found.warnings.size(); ++i) log(LogLevel::warn, found.warnings[i]);
    known.extrinsics = std::move(found.extrinsics);
    known.intrinsics = std::move(found.intrinsics);
    known.lenses = std::move(found.lenses);
  }
  for (const auto& [height, width] : sizes) {
    if (settings_.focal)
      known.intrinsics.push_back(io_.intrinsics_from_focal(*settings_.focal, height, width));
    if (settings_.fov) known.intrinsics.push_back(io_.intrinsics_from_fov(*settings_.fov, height, width));
  }
  return known;
}

}  // namespace da3::host
