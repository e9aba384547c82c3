// SPDX-License-Identifier: Apache-2.0
#include "formats/point_cloud.hpp"

#include "percentile.hpp"

#include <da3/error.hpp>

#include <algorithm>
#include <limits>

namespace da3::io {
namespace {

auto confidences(const Prediction& p) {
  const auto each = [values = p.confidence](auto&& visit) {
    for (const float value : values)
      if (!std::isnan(value)) visit(value);
  };
  size_t count = 0;
  each([&](float) { ++count; });
  if (count == 0)
    throw Error(DA3_E_NUMERIC,
                "exporting points failed: no confidence is a number; the model or its input is broken");
  return Percentiles(each, count);
}

constexpr float nothing = -std::numeric_limits<float>::infinity();

}  // namespace

float plain_threshold(const Prediction& p, double percentile) {
  if (p.confidence.empty()) return nothing;
  return static_cast<float>(confidences(p)(percentile));
}

float glb_threshold(const Prediction& p, double percentile) {
  constexpr double least = 1.05, ensured_percentile = 90;
  if (p.confidence.empty()) return nothing;
  const auto percentiles = confidences(p);
  return static_cast<float>(
      std::min(std::max(least, percentiles(percentile)), percentiles(ensured_percentile)));
}

cv::Matx34d extrinsics_of_view(const Prediction& p, int64_t view) {
  if (p.extrinsics.empty()) return cv::Matx34d::eye();
  cv::Matx34d matrix;
  for (int i = 0; i < 12; ++i) matrix.val[i] = p.extrinsics[static_cast<size_t>(view * 12 + i)];
  return matrix;
}

cv::Matx33d intrinsics_of_view(const Prediction& p, int64_t view) {
  cv::Matx33d matrix;
  for (int i = 0; i < 9; ++i) matrix.val[i] = p.intrinsics[static_cast<size_t>(view * 9 + i)];
  return matrix;
}

PointCloud::Camera PointCloud::camera(int64_t view) const {
  const cv::Matx34d e = extrinsics_of_view(p_, view);
  bool k_inverts = false, pose_inverts = false;
  Camera camera;
  camera.inverse_k = intrinsics_of_view(p_, view).inv(cv::DECOMP_LU, &k_inverts);
  camera.rotation = e.get_minor<3, 3>(0, 0).inv(cv::DECOMP_LU, &pose_inverts);
  camera.centre = -(camera.rotation * cv::Vec3d(e(0, 3), e(1, 3), e(2, 3)));
  if (!k_inverts || !pose_inverts)
    throw Error(DA3_E_NUMERIC, "exporting points failed: the camera of view " + std::to_string(view + 1) +
                                   " cannot be inverted; leave that view out");
  return camera;
}

PointCloud::PointCloud(const Prediction& prediction, float threshold, int64_t most, uint64_t seed,
                       int64_t first, int64_t last)
    : p_(prediction), table_(export_table()), threshold_(threshold), seed_(seed), first_(first), last_(last) {
  chosen_.assign(static_cast<size_t>(last - first), 0);
  for (int64_t view = first; view < last; ++view)
    each_kept(view, [&](const CloudPoint&) { ++chosen_[static_cast<size_t>(view - first)]; });
  for (const int64_t count : chosen_) kept_ += count;
  size_ = std::min(kept_, most);
  if (size_ == kept_) return;
  std::fill(chosen_.begin(), chosen_.end(), 0);
  each([&](const CloudPoint& point) { ++chosen_[static_cast<size_t>(point.view - first)]; });
}

void require_points(const PointCloud& cloud, const char* format) {
  if (cloud.size() == 0)
    throw Error(DA3_E_NUMERIC,
                std::string("exporting ") + format +
                    " failed: no pixel has a finite depth above 0 and enough confidence; lower "
                    "--conf-thresh-percentile, or look at the depth with npz");
}

}  // namespace da3::io
