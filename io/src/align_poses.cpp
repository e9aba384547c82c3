// SPDX-License-Identifier: Apache-2.0
// Umeyama, "Least-squares estimation of transformation parameters between two point patterns" (1991), inside
// a least median of squares (Rousseeuw 1984) where there are views enough. Upstream counts the views within a
// distance that depends on how dense the cameras stand; the median needs no such number.
#include "poses.hpp"

#include <da3/error.hpp>
#include <da3/io/pose_alignment.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

namespace da3::io {
namespace {

/// Of the covariance's singular values, second by first: below it the centres are on a line.
constexpr double least_breadth = 1e-6;
constexpr int samples = 500;
constexpr size_t smallest_sample = 3;
constexpr size_t fewest_places = 5;   // with fewer there is no majority to speak of
constexpr size_t most_places = 1000;  // more say nothing new

struct Similarity {
  cv::Matx33d rotation = cv::Matx33d::eye();
  cv::Vec3d translation;
  double scale = 1;
  bool from_centres = true, scale_known = true;

  cv::Vec3d apply(const cv::Vec3d& point) const { return scale * (rotation * point) + translation; }
};

struct Spread {
  cv::Vec3d mean;
  double variance = 0;  ///< 0 when it is only rounding
};

Spread spread_of(const Path& path, const std::vector<size_t>& views) {
  const std::vector<Pose>& poses = path.poses;
  Spread spread;
  double largest = 0;
  const double each = 1 / static_cast<double>(views.size());
  for (const size_t i : views) {
    spread.mean += poses[i].centre * each;
    largest = std::max(largest, cv::norm(poses[i].centre));
  }
  for (const size_t i : views) {
    const cv::Vec3d off = poses[i].centre - spread.mean;
    spread.variance += off.dot(off) * each;
  }
  if (std::sqrt(spread.variance) <= path.rounding * largest) spread.variance = 0;
  return spread;
}

Similarity from_own_rotations(const Path& reference, const Path& estimate, const std::vector<size_t>& views,
                              const Spread& to, const Spread& from) {
  cv::Matx33d sum = cv::Matx33d::zeros();
  for (const size_t i : views) sum += reference.poses[i].rotation * estimate.poses[i].rotation.t();
  Similarity result{nearest_rotation(sum), {}, 1, false, to.variance > 0 && from.variance > 0};
  if (result.scale_known) result.scale = std::sqrt(to.variance / from.variance);
  result.translation = to.mean - result.scale * (result.rotation * from.mean);
  return result;
}

Similarity fit(const Path& reference, const Path& estimate, const std::vector<size_t>& views) {
  const Spread to = spread_of(reference, views), from = spread_of(estimate, views);
  cv::Matx33d covariance = cv::Matx33d::zeros();
  const double each = 1 / static_cast<double>(views.size());
  for (const size_t i : views)
    covariance += (reference.poses[i].centre - to.mean) * (estimate.poses[i].centre - from.mean).t() * each;
  cv::Vec3d w;
  cv::Matx33d u, vt;
  cv::SVD::compute(covariance, w, u, vt);
  if (to.variance == 0 || from.variance == 0 || w[1] <= least_breadth * w[0])
    return from_own_rotations(reference, estimate, views, to, from);
  const double sign = cv::determinant(u) * cv::determinant(vt) < 0 ? -1 : 1;
  Similarity result;
  result.rotation = u * cv::Matx33d::diag({1, 1, sign}) * vt;
  result.scale = (w[0] + w[1] + sign * w[2]) / from.variance;
  result.translation = to.mean - result.scale * (result.rotation * from.mean);
  return result;
}

std::vector<size_t> every(size_t views) {
  std::vector<size_t> result(views);
  std::iota(result.begin(), result.end(), size_t{0});
  return result;
}

std::vector<double> errors_of(const Similarity& similarity, const Path& reference, const Path& estimate,
                              const std::vector<size_t>& views) {
  std::vector<double> errors;
  for (const size_t i : views)
    errors.push_back(cv::norm(similarity.apply(estimate.poses[i].centre) - reference.poses[i].centre));
  return errors;
}

/// The upper median: more than half of the views are at most this far off.
double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<int64_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// `count` of the views, different ones. Not std::shuffle, whose order is each library's own.
std::vector<size_t> draw(std::mt19937_64& random, std::vector<size_t> views, size_t count) {
  for (size_t i = 0; i < count; ++i) std::swap(views[i], views[i + random() % (views.size() - i)]);
  views.resize(count);
  return views;
}

/// Views of which no two stand in one place. Many views of one place, as when a film begins before the walk
/// does, agree with every scale, and as a majority would outvote those that know it.
std::vector<size_t> distinct_places(const std::vector<Pose>& poses) {
  constexpr double one_place = 0.05;  // of the extent of nine tenths of the cameras
  std::vector<double> far;
  cv::Vec3d middle;
  for (int axis = 0; axis < 3; ++axis) {
    std::vector<double> values;
    for (const Pose& pose : poses) values.push_back(pose.centre[axis]);
    middle[axis] = median(values);
  }
  for (const Pose& pose : poses) far.push_back(cv::norm(pose.centre - middle));
  const auto extent = far.begin() + static_cast<int64_t>((far.size() - 1) * 9 / 10);
  std::nth_element(far.begin(), extent, far.end());
  std::vector<size_t> views;
  for (size_t i = 0; i < poses.size() && views.size() < most_places; ++i)
    if (std::none_of(views.begin(), views.end(), [&](size_t other) {
          return cv::norm(poses[i].centre - poses[other].centre) <= one_place * *extent;
        }))
      views.push_back(i);
  return views;
}

/// How far off a view may be for the noise of the better half to explain it.
double inlier_limit(const std::vector<double>& errors) {
  constexpr double deviations = 2.5, normal_median = 1.4826;
  const double small_sample = 1 + 5 / static_cast<double>(errors.size() - smallest_sample);
  return deviations * normal_median * small_sample * median(errors);
}

std::vector<size_t> inliers_of(const Similarity& similarity, const Path& reference, const Path& estimate,
                               const std::vector<size_t>& places) {
  double largest = 0;
  for (const Pose& pose : reference.poses) largest = std::max(largest, cv::norm(pose.centre));
  const double limit = std::max(reference.rounding * largest,
                                inlier_limit(errors_of(similarity, reference, estimate, places)));
  std::vector<size_t> views;
  const std::vector<size_t> all = every(reference.poses.size());
  const std::vector<double> errors = errors_of(similarity, reference, estimate, all);
  for (const size_t i : all)
    if (errors[i] <= limit) views.push_back(i);
  return views;
}

std::vector<size_t> views_that_agree(const Path& reference, const Path& estimate, uint64_t seed) {
  const std::vector<size_t> places = distinct_places(estimate.poses);
  if (places.size() < fewest_places) return every(reference.poses.size());
  Similarity best = fit(reference, estimate, places);
  double least = median(errors_of(best, reference, estimate, places));
  std::mt19937_64 random(seed);
  for (int i = 0; i < samples; ++i) {
    // Half of the views average noise, three are likelier to be all good.
    const size_t count = i % 2 == 0 ? (places.size() + 1) / 2 : smallest_sample;
    const Similarity candidate = fit(reference, estimate, draw(random, places, count));
    const double error = median(errors_of(candidate, reference, estimate, places));
    if (error < least) least = error, best = candidate;
  }
  // Twice, so that the second is from a fit to more than a sample.
  const std::vector<size_t> views = inliers_of(best, reference, estimate, places);
  return inliers_of(fit(reference, estimate, views), reference, estimate, places);
}

PoseAlignment align(const Path& reference, const Path& estimate, uint64_t seed) {
  std::vector<size_t> views = every(reference.poses.size());
  if (views.size() >= robust_alignment_views) views = views_that_agree(reference, estimate, seed);
  const Similarity similarity = fit(reference, estimate, views);
  PoseAlignment result;
  std::copy_n(similarity.rotation.val, 9, result.rotation.begin());
  std::copy_n(similarity.translation.val, 3, result.translation.begin());
  result.scale = similarity.scale;
  result.from_centres = similarity.from_centres;
  result.scale_known = similarity.scale_known;
  result.inliers.assign(reference.poses.size(), false);
  for (const size_t i : views) result.inliers[i] = true;
  return result;
}

}  // namespace

PoseAlignment align_poses(std::span<const Extrinsics> reference, std::span<const Extrinsics> estimate,
                          uint64_t seed) {
  const std::string what = "aligning the poses";
  if (reference.size() != estimate.size())
    throw Error(DA3_E_SHAPE, what + " failed: there are " + std::to_string(reference.size()) + " and " +
                                 std::to_string(estimate.size()) + " of them; give as many of both");
  return align(path_of(reference, what), path_of(estimate, what), seed);
}

PoseAlignment align_to_given(std::span<float> predicted, std::span<const Extrinsics> given,
                             std::span<float> depth, bool align_to_input_ext_scale) {
  const size_t views = given.size();
  if (predicted.size() != views * 12 || (views != 0 && depth.size() % views != 0))
    throw Error(DA3_E_SHAPE, "aligning to the given poses failed: " + std::to_string(predicted.size()) +
                                 " values of extrinsics and " + std::to_string(depth.size()) +
                                 " of depth do not fit " + std::to_string(views) +
                                 " given poses; give 12 and height x width for each");
  std::vector<Extrinsics> reference(views);
  for (size_t i = 0; i < views; ++i) {
    std::copy_n(predicted.begin() + static_cast<int64_t>(i * 12), 12, reference[i].begin());
    reference[i][15] = 1;
  }
  const PoseAlignment result = align_poses(reference, given);
  constexpr double most = 1e20;  // beyond, depth would not be a float any more
  if (!(result.scale < most && result.scale > 1 / most))
    throw Error(
        DA3_E_NUMERIC,
        "aligning to the given poses failed: their unit is too far from anything the network predicts; "
        "write them in metres, or in the size of the scene");
  const cv::Matx33d rotation(result.rotation.data());
  const cv::Vec3d translation(result.translation.data());
  std::vector<Pose> poses;
  if (!align_to_input_ext_scale) poses = poses_of(given, "aligning to the given poses");
  for (size_t i = 0; i < views; ++i) {
    Extrinsics to = given[i];
    if (!align_to_input_ext_scale)
      to = extrinsics_of(
          {rotation * poses[i].rotation, result.scale * (rotation * poses[i].centre) + translation});
    std::transform(to.begin(), to.begin() + 12, predicted.begin() + static_cast<int64_t>(i * 12),
                   [](double value) { return static_cast<float>(value); });
  }
  if (align_to_input_ext_scale)
    for (float& value : depth) value = static_cast<float>(value / result.scale);
  return result;
}

}  // namespace da3::io
