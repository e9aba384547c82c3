// SPDX-License-Identifier: Apache-2.0
// The points of a prediction, computed again each time they are looked at: no copy of the scene is made.
#pragma once

#include <da3/io/export.hpp>
#include <da3/io/prediction.hpp>

#include <opencv2/core.hpp>

#include <array>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

namespace da3::io {

/// A pixel that is kept, in the world of the extrinsics.
struct CloudPoint {
  cv::Vec3f position;
  std::array<uint8_t, 3> colour{};  ///< RGB
  int64_t view = 0, x = 0, y = 0;   ///< of the pixel
};

/// The lowest confidence that is kept; -infinity where the model gives none.
float glb_threshold(const Prediction& prediction, double percentile);
float plain_threshold(const Prediction& prediction, double percentile);

/// 3x4 world-to-camera of a view; the identity where there are no extrinsics.
cv::Matx34d extrinsics_of_view(const Prediction& prediction, int64_t view);
cv::Matx33d intrinsics_of_view(const Prediction& prediction, int64_t view);

class PointCloud {
 public:
  /// Of views [first, last): pixels with finite depth above 0 and at least the confidence; at most `most`, a
  /// random choice among all, the same for the same seed. The prediction must outlive it.
  PointCloud(const Prediction& prediction, float threshold, int64_t most, uint64_t seed, int64_t first,
             int64_t last);

  int64_t size() const { return size_; }
  /// Points of one view that are in the choice.
  int64_t size_of(int64_t view) const { return chosen_[static_cast<size_t>(view - first_)]; }

  /// visit(const CloudPoint&) for each, in the order of views, rows and columns; the same each time.
  template <class Visit>
  void each(Visit&& visit) const {
    std::mt19937_64 random(seed_);
    int64_t left = kept_, wanted = size_;
    for (int64_t view = first_; view < last_; ++view)
      each_kept(view, [&](const CloudPoint& point) {
        // Selection sampling (Knuth, volume 2, 3.4.2, algorithm S): exactly `size` of `kept`, in order.
        const double chance = static_cast<double>(random() >> 11) * 0x1p-53;
        if (size_ == kept_ || chance * static_cast<double>(left) < static_cast<double>(wanted)) {
          --wanted;
          visit(point);
        }
        --left;
      });
  }

  /// All pixels of a view that pass, before the choice.
  template <class Visit>
  void each_kept(int64_t view, Visit&& visit) const {
    const auto [inverse_k, rotation, centre] = camera(view);
    const int64_t begin = view * p_.height * p_.width;
    CloudPoint point;
    point.view = view;
    for (point.y = 0; point.y < p_.height; ++point.y)
      for (point.x = 0; point.x < p_.width; ++point.x) {
        const auto i = static_cast<size_t>(begin + point.y * p_.width + point.x);
        const float depth = p_.depth[i];
        if (!(depth > 0) || !std::isfinite(depth)) continue;
        if (!p_.confidence.empty() && !(p_.confidence[i] >= threshold_)) continue;
        const cv::Vec3d ray =
            inverse_k * cv::Vec3d(static_cast<double>(point.x), static_cast<double>(point.y), 1);
        point.position = rotation * (ray * static_cast<double>(depth)) + centre;
        if (!finite(point.position)) continue;
        for (size_t c = 0; c < 3; ++c)
          point.colour[c] = p_.images.empty() ? 255 : table_[c][p_.images[i * 3 + c]];
        visit(point);
      }
  }

  struct Camera {
    cv::Matx33d inverse_k, rotation;  ///< camera-to-world
    cv::Vec3d centre;
  };
  /// Throws Error(DA3_E_NUMERIC) for a camera that cannot be inverted.
  Camera camera(int64_t view) const;

 private:
  static bool finite(const cv::Vec3f& v) {
    return std::isfinite(v[0]) && std::isfinite(v[1]) && std::isfinite(v[2]);
  }

  const Prediction& p_;
  const ExportTable& table_;
  float threshold_;
  uint64_t seed_;
  int64_t first_, last_, kept_ = 0, size_ = 0;
  std::vector<int64_t> chosen_;
};

/// Throws Error(DA3_E_NUMERIC) for a cloud without a point.
void require_points(const PointCloud& cloud, const char* format);

}  // namespace da3::io
