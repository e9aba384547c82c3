// SPDX-License-Identifier: Apache-2.0
#include <da3/error.hpp>
#include <da3/io/pose_alignment.hpp>

#include <opencv2/core.hpp>

#include <algorithm>
#include <cmath>
#include <string>

namespace da3::io {
namespace {

/// Rows: camera centres less their mean.
template <class Value>
cv::Mat_<double> centres_of(std::span<const Value> poses, size_t each) {
  const auto count = static_cast<int>(poses.size() / each);
  cv::Mat_<double> centres(count, 3, 0.0);
  for (int i = 0; i < count; ++i) {
    const Value* e = &poses[static_cast<size_t>(i) * each];
    for (int column = 0; column < 3; ++column)
      for (int row = 0; row < 3; ++row)
        centres(i, column) -= static_cast<double>(e[row * 4 + column]) * static_cast<double>(e[row * 4 + 3]);
  }
  cv::Mat_<double> mean;
  cv::reduce(centres, mean, 0, cv::REDUCE_AVG);
  for (int i = 0; i < count; ++i) centres.row(i) -= mean;
  return centres;
}

/// How much larger the given path is than the predicted one (Umeyama); 1 where a path is a place.
double path_scale(const cv::Mat_<double>& to, const cv::Mat_<double>& from) {
  cv::Mat_<double> w, u, vt;
  cv::SVD::compute(to.t() * from, w, u, vt);
  const double variance = from.dot(from);
  if (!(variance > 0) || !(w(0) > 0)) return 1;
  const double mirrored = cv::determinant(u) * cv::determinant(vt) < 0 ? -1 : 1;
  return std::clamp((w(0) + w(1) + mirrored * w(2)) / variance, 1.0 / 3, 3.0);
}

}  // namespace

std::vector<float> gaussian_extrinsics(std::span<const float> predicted, std::span<const Extrinsics> given,
                                       double scale_factor) {
  if (predicted.size() % 12 != 0 || (!given.empty() && given.size() * 12 != predicted.size()))
    throw Error(DA3_E_SHAPE,
                "placing the cameras among the gaussians failed: " + std::to_string(predicted.size()) +
                    " values do not fit " + std::to_string(given.size()) + " poses; please report this");
  std::vector<float> result(predicted.begin(), predicted.end());
  double scale = scale_factor > 0 && std::isfinite(scale_factor) ? 1 / scale_factor : 1;
  if (!given.empty()) {
    const std::vector<float> normalised = normalise_extrinsics(given);
    const cv::Mat_<double> from = centres_of(predicted, 12) * scale;
    scale *= path_scale(centres_of(std::span<const float>(normalised), 16), from);
  }
  for (size_t i = 3; i < result.size(); i += 4) result[i] = static_cast<float>(result[i] * scale);
  return result;
}

}  // namespace da3::io
