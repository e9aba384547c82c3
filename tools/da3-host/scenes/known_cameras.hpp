// SPDX-License-Identifier: Apache-2.0
// Cameras that are known before the run: from --poses, --focal or --fov.
#pragma once

#include <array>
#include <cstdint>
#include <da3/io/api.hpp>
#include <vector>

#include "scenes/scene_list.hpp"
#include "settings.hpp"

namespace da3::host {

/// Of one scene, in the order of its images. Lists are empty where nothing is known.
struct SceneCameras {
  std::vector<io::Extrinsics> extrinsics;  ///< world-to-camera, in the file's own frame and unit
  std::vector<io::Intrinsics> intrinsics;  ///< pixels of the image files
  std::vector<io::Lens> lenses;            ///< of those with intrinsics; empty: pinholes
};

class KnownCameras {
 public:
  /// Reads the file, if one is named, and logs what looks wrong with it.
  /// Throws Error: what io's read_cameras throws; DA3_E_INVALID for poses without intrinsics and for
  /// intrinsics that are given twice.
  KnownCameras(const io::Api& io, const CameraSettings& settings);

  bool has_poses() const { return !cameras_.extrinsics.empty(); }
  /// The n-th camera is the n-th image's: then no image can be left out.
  bool go_by_order() const {
    return cameras_.names.empty() && !(cameras_.extrinsics.empty() && cameras_.intrinsics.empty());
  }
  /// Of images, as the file has them.
  const std::vector<std::string>& names() const { return cameras_.names; }
  bool has_intrinsics() const { return !cameras_.intrinsics.empty() || settings_.focal || settings_.fov; }
  /// For a model that takes intrinsics only.
  void forget_poses() { cameras_.extrinsics.clear(); }

  /// The cameras of a scene. A file with names finds them by name; one without gives its cameras in order to
  /// all images of the run, which are `images`. sizes: {height, width} of the scene's files. Throws what io's
  /// cameras_for throws.
  SceneCameras of(const Scene& scene, size_t images, const std::vector<std::array<int64_t, 2>>& sizes) const;

 private:
  const io::Api& io_;
  CameraSettings settings_;
  io::GivenCameras cameras_;
};

}  // namespace da3::host
