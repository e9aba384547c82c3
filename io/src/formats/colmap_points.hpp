// SPDX-License-Identifier: Apache-2.0
// The points of a COLMAP model, in the two orders in which its files have them.
#pragma once

#include <da3/io/prediction.hpp>

#include "formats/point_cloud.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace da3::io {

/// Where a point is seen: the image, from 0, and which of its points.
struct TrackElement {
  uint32_t view = 0, index = 0;
};

struct ColmapPoint {
  uint64_t id = 0;  ///< from 1
  std::array<double, 3> position{};
  std::array<uint8_t, 3> colour{};
  double error = -1;  ///< mean reprojection error in pixels of the image files; -1: not known
  std::vector<TrackElement> track;
};

class ColmapPoints {
 public:
  /// pixel: of the image file.
  using Observe = std::function<void(int64_t view, const std::array<double, 2>& pixel, uint64_t id)>;
  using Visit = std::function<void(const ColmapPoint&)>;

  virtual ~ColmapPoints() = default;
  virtual uint64_t size() const = 0;
  /// Observations in one view.
  virtual uint64_t size_of(int64_t view) const = 0;
  /// In the order of the views; within one, in that of the indexes.
  virtual void each_observation(const Observe& observe) const = 0;
  /// In the order of the ids.
  virtual void each_point(const Visit& visit) const = 0;
};

/// Each pixel of the cloud a point, seen by its view alone. Both must outlive it.
std::unique_ptr<ColmapPoints> pixel_points(const Prediction& prediction, const PointCloud& cloud);

/// From each pixel of the cloud, what other views see in the same place: those whose depth, where the point
/// falls, agrees within a hundredth and leads back to within a pixel. Their mean is the point. Only points
/// that two views or more agree on; a pixel belongs to one of them at most. threshold: the confidence that
/// the others need too.
std::unique_ptr<ColmapPoints> track_points(const Prediction& prediction, const PointCloud& cloud,
                                           float threshold);

}  // namespace da3::io
