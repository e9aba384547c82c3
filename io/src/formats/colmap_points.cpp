// SPDX-License-Identifier: Apache-2.0
#include "formats/colmap_points.hpp"

#include "formats/output_maps.hpp"

namespace da3::io {
namespace {

class PixelPoints : public ColmapPoints {
 public:
  PixelPoints(const Prediction& p, const PointCloud& cloud) : p_(p), cloud_(cloud) {}

  uint64_t size() const override { return static_cast<uint64_t>(cloud_.size()); }
  uint64_t size_of(int64_t view) const override { return static_cast<uint64_t>(cloud_.size_of(view)); }

  void each_observation(const Observe& observe) const override {
    uint64_t id = 0;
    cloud_.each([&](const CloudPoint& point) {
      const auto x = static_cast<double>(point.x), y = static_cast<double>(point.y);
      observe(point.view, original_pixel(p_, point.view, x, y), ++id);
    });
  }

  void each_point(const Visit& visit) const override {
    ColmapPoint told;
    told.track.resize(1);
    uint32_t index = 0;
    int64_t view = 0;
    cloud_.each([&](const CloudPoint& point) {
      if (point.view != view) view = point.view, index = 0;
      ++told.id;
      told.position = {point.position[0], point.position[1], point.position[2]};
      told.colour = point.colour;
      told.track.front() = {static_cast<uint32_t>(point.view), index++};
      visit(told);
    });
  }

 private:
  const Prediction& p_;
  const PointCloud& cloud_;
};

}  // namespace

std::unique_ptr<ColmapPoints> pixel_points(const Prediction& prediction, const PointCloud& cloud) {
  return std::make_unique<PixelPoints>(prediction, cloud);
}

}  // namespace da3::io
