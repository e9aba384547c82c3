// SPDX-License-Identifier: Apache-2.0
// Pixels of several views that show one point, found by going there and back through the depth maps: the
// check by which multi-view stereo filters its maps (Schoenberger et al. 2016, "Pixelwise view selection").
#include "formats/colmap_points.hpp"
#include "formats/output_maps.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

namespace da3::io {
namespace {

constexpr double depth_tolerance = 0.01;  ///< of the depth
constexpr double there_and_back = 1;      ///< pixels of the view
constexpr double largest_error = 1.5;     ///< pixels of the view, of any observation of a point
constexpr double largest_step = 1.05;     ///< between neighbours of one surface: their depths' ratio

struct View {
  cv::Matx33d k, inverse_k, rotation, to_world;  ///< rotation: world to camera
  cv::Vec3d translation, centre;

  cv::Vec3d in_camera(const cv::Vec3d& point) const { return rotation * point + translation; }
  cv::Vec2d pixel(const cv::Vec3d& in_camera) const {
    const cv::Vec3d h = k * in_camera;
    return {h[0] / h[2], h[1] / h[2]};
  }
  cv::Vec3d point(const cv::Vec2d& pixel, double depth) const {
    return to_world * (inverse_k * cv::Vec3d(pixel[0], pixel[1], 1) * depth) + centre;
  }
};

struct Sighting {
  uint32_t view = 0;
  cv::Vec2d pixel;  ///< of the view
  cv::Vec3d point;  ///< that the view sees there
};

class Tracks : public ColmapPoints {
 public:
  Tracks(const Prediction& p, const PointCloud& cloud, float threshold) : p_(p), threshold_(threshold) {
    for (int64_t view = 0; view < p.views; ++view) views_.push_back(view_of(cloud, view));
    taken_.assign(p.depth.size(), false);
    counts_.assign(views_.size(), 0);
    std::vector<Sighting> sightings;
    cloud.each([&](const CloudPoint& seed) {
      const cv::Vec2d pixel(static_cast<double>(seed.x), static_cast<double>(seed.y));
      if (taken_[index(seed.view, pixel)]) return;
      sightings = {{static_cast<uint32_t>(seed.view), pixel, cv::Vec3d(seed.position)}};
      for (size_t other = 0; other < views_.size(); ++other)
        if (other != sightings.front().view)
          if (const auto seen = look(sightings.front(), other)) sightings.push_back(*seen);
      if (sightings.size() > 1) add(sightings, seed.colour);
    });
  }

  uint64_t size() const override { return points_.size(); }
  uint64_t size_of(int64_t view) const override { return counts_[static_cast<size_t>(view)]; }

  void each_observation(const Observe& observe) const override {
    // By view, and there in the order of the points: what the elements' indexes count.
    std::vector<size_t> begin(counts_.size() + 1, 0);
    for (size_t view = 0; view < counts_.size(); ++view) begin[view + 1] = begin[view] + counts_[view];
    std::vector<uint32_t> order(observations_.size()), point_of(observations_.size());
    uint32_t at = 0;
    for (uint32_t point = 0; point < points_.size(); ++point)
      for (; at < points_[point].end; ++at) {
        const Observation& seen = observations_[at];
        order[begin[seen.element.view] + seen.element.index] = at;
        point_of[at] = point;
      }
    for (const uint32_t i : order)
      observe(observations_[i].element.view, original(observations_[i]), uint64_t{point_of[i]} + 1);
  }

  void each_point(const Visit& visit) const override {
    ColmapPoint told;
    size_t begin = 0;
    for (const Point& point : points_) {
      ++told.id;
      told.position = point.position, told.colour = point.colour, told.error = point.error;
      told.track.clear();
      for (; begin < point.end; ++begin) told.track.push_back(observations_[begin].element);
      visit(told);
    }
  }

 private:
  struct Point {
    std::array<double, 3> position;
    float error;
    std::array<uint8_t, 3> colour;
    size_t end;  ///< of its observations
  };
  struct Observation {
    TrackElement element;
    float x, y;  ///< of the view
  };

  View view_of(const PointCloud& cloud, int64_t view) const {
    const PointCloud::Camera camera = cloud.camera(view);
    const cv::Matx34d e = extrinsics_of_view(p_, view);
    return {intrinsics_of_view(p_, view), camera.inverse_k, e.get_minor<3, 3>(0, 0), camera.rotation,
            {e(0, 3), e(1, 3), e(2, 3)},  camera.centre};
  }

  /// Of the nearest pixel.
  size_t index(int64_t view, const cv::Vec2d& pixel) const {
    return static_cast<size_t>((view * p_.height + std::lround(pixel[1])) * p_.width + std::lround(pixel[0]));
  }

  bool inside(const cv::Vec2d& pixel) const {
    return pixel[0] >= 0 && pixel[1] >= 0 && pixel[0] <= static_cast<double>(p_.width - 1) &&
           pixel[1] <= static_cast<double>(p_.height - 1);
  }

  /// Between four pixels of one surface; there inverse depth is linear. Nothing at edges and where one is
  /// unsure.
  std::optional<double> depth_at(size_t view, const cv::Vec2d& pixel) const {
    const auto x0 = static_cast<int64_t>(pixel[0]), y0 = static_cast<int64_t>(pixel[1]);
    const double fx = pixel[0] - static_cast<double>(x0), fy = pixel[1] - static_cast<double>(y0);
    double inverse = 0, nearest = INFINITY, farthest = 0;
    for (int64_t corner = 0; corner < 4; ++corner) {
      const int64_t x = std::min(x0 + corner % 2, p_.width - 1), y = std::min(y0 + corner / 2, p_.height - 1);
      const auto i = static_cast<size_t>((static_cast<int64_t>(view) * p_.height + y) * p_.width + x);
      const double depth = p_.depth[i];
      if (!(depth > 0) || !std::isfinite(depth)) return std::nullopt;
      if (!p_.confidence.empty() && !(p_.confidence[i] >= threshold_)) return std::nullopt;
      nearest = std::min(nearest, depth), farthest = std::max(farthest, depth);
      inverse += (corner % 2 != 0 ? fx : 1 - fx) * (corner / 2 != 0 ? fy : 1 - fy) / depth;
    }
    return farthest <= largest_step * nearest ? std::optional(1 / inverse) : std::nullopt;
  }

  std::optional<Sighting> look(const Sighting& from, size_t other) const {
    const View &here = views_[from.view], &there = views_[other];
    const cv::Vec3d in_camera = there.in_camera(from.point);
    if (!(in_camera[2] > 0)) return std::nullopt;
    const cv::Vec2d pixel = there.pixel(in_camera);
    if (!inside(pixel) || taken_[index(static_cast<int64_t>(other), pixel)]) return std::nullopt;
    const auto depth = depth_at(other, pixel);
    if (!depth || std::abs(*depth - in_camera[2]) > depth_tolerance * in_camera[2]) return std::nullopt;
    const cv::Vec3d seen = there.point(pixel, *depth), back = here.in_camera(seen);
    if (!(back[2] > 0) || cv::norm(here.pixel(back) - from.pixel) > there_and_back) return std::nullopt;
    return Sighting{static_cast<uint32_t>(other), pixel, seen};
  }

  void add(const std::vector<Sighting>& sightings, const std::array<uint8_t, 3>& colour) {
    cv::Vec3d mean;
    for (const Sighting& seen : sightings) mean += seen.point / static_cast<double>(sightings.size());
    double error = 0;
    for (const Sighting& seen : sightings) {
      const cv::Vec3d in_camera = views_[seen.view].in_camera(mean);
      const cv::Vec2d pixel = views_[seen.view].pixel(in_camera);
      if (!(in_camera[2] > 0) || cv::norm(pixel - seen.pixel) > largest_error) return;
      const auto a = original_pixel(p_, seen.view, pixel[0], pixel[1]);
      const auto b = original_pixel(p_, seen.view, seen.pixel[0], seen.pixel[1]);
      error += std::hypot(a[0] - b[0], a[1] - b[1]) / static_cast<double>(sightings.size());
    }
    for (const Sighting& seen : sightings) {
      taken_[index(seen.view, seen.pixel)] = true;
      observations_.push_back({{seen.view, static_cast<uint32_t>(counts_[seen.view]++)},
                               static_cast<float>(seen.pixel[0]),
                               static_cast<float>(seen.pixel[1])});
    }
    points_.push_back({{mean[0], mean[1], mean[2]}, static_cast<float>(error), colour, observations_.size()});
  }

  std::array<double, 2> original(const Observation& seen) const {
    return original_pixel(p_, seen.element.view, seen.x, seen.y);
  }

  const Prediction& p_;
  const float threshold_;
  std::vector<View> views_;
  std::vector<bool> taken_;       ///< pixels that belong to a point
  std::vector<uint64_t> counts_;  ///< observations of each view
  std::vector<Point> points_;
  std::vector<Observation> observations_;
};

}  // namespace

std::unique_ptr<ColmapPoints> track_points(const Prediction& prediction, const PointCloud& cloud,
                                           float threshold) {
  return std::make_unique<Tracks>(prediction, cloud, threshold);
}

}  // namespace da3::io
