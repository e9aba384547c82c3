// SPDX-License-Identifier: Apache-2.0
#include "formats/principal_colours.hpp"

#include "percentile.hpp"

#include <opencv2/core.hpp>

#include <algorithm>
#include <cmath>
#include <random>

namespace da3::io {
namespace {

constexpr int components = 3,
              block = 12;  ///< directions that are followed: a few more than wanted converge faster
constexpr int most_rounds = 60;
constexpr int most_rows = 1 << 15;  ///< more vectors than these do not change the axes that can be seen
constexpr double clip_percent = 10, least_range = 1e-4;

cv::Mat mean_of(const cv::Mat& rows) {
  cv::Mat mean;
  cv::reduce(rows, mean, 0, cv::REDUCE_AVG, CV_64F);
  return mean;
}

/// Evenly chosen rows without their mean, in double.
cv::Mat centred_sample(const cv::Mat& rows, const cv::Mat& mean) {
  const int count = std::min(rows.rows, most_rows);
  cv::Mat sample(count, rows.cols, CV_64F);
  for (int i = 0; i < count; ++i) {
    cv::Mat row = sample.row(i);
    rows.row(static_cast<int>(static_cast<int64_t>(i) * rows.rows / count)).convertTo(row, CV_64F);
    row -= mean;
  }
  return sample;
}

/// Gram and Schmidt, twice each, on columns; one that depends on those before it becomes 0.
void make_orthonormal(cv::Mat& columns) {
  for (int i = 0; i < columns.cols; ++i) {
    cv::Mat column = columns.col(i);
    const double before = cv::norm(column);
    for (int twice = 0; twice < 2; ++twice)
      for (int j = 0; j < i; ++j) column -= columns.col(j) * columns.col(j).dot(column);
    const double length = cv::norm(column);
    if (length > 1e-12 * before && length > 0)
      column /= length;
    else
      column.setTo(0);
  }
}

/// The directions of largest variance, [channels, up to 3], by iteration of a subspace (Rutishauser 1969).
cv::Mat principal_axes(const cv::Mat& sample) {
  const int channels = sample.cols, width = std::min(block, channels);
  std::mt19937 random(1);
  cv::Mat basis(channels, width, CV_64F);
  for (double& value : cv::Mat_<double>(basis)) value = static_cast<double>(random() >> 8) * 0x1p-23 - 1;
  make_orthonormal(basis);
  cv::Mat small, values, vectors, before;
  for (int round = 0; round < most_rounds; ++round) {
    const cv::Mat projected = sample * basis;
    cv::gemm(projected, projected, 1, {}, 0, small, cv::GEMM_1_T);
    cv::eigen(small, values, vectors);  // largest first, in rows
    const int wanted = std::min(components, width);
    const cv::Mat leading = values.rowRange(0, wanted).clone();
    if (!before.empty() && cv::norm(leading - before) <= 1e-9 * cv::norm(leading)) break;
    before = leading;
    cv::gemm(sample, projected, 1, {}, 0, basis, cv::GEMM_1_T);
    make_orthonormal(basis);
  }
  cv::Mat axes;
  cv::gemm(basis, vectors.rowRange(0, std::min(components, width)), 1, {}, 0, axes, cv::GEMM_2_T);
  return axes;
}

void fix_signs(cv::Mat& axes) {
  for (int i = 0; i < axes.cols; ++i) {
    double low = 0, high = 0;
    cv::minMaxLoc(axes.col(i), &low, &high);
    if (-low > high) axes.col(i) *= -1;
  }
}

/// Only copied where there is something to replace.
cv::Mat finite_rows(std::span<const float> values, int64_t channels) {
  cv::Mat rows(static_cast<int>(static_cast<int64_t>(values.size()) / channels), static_cast<int>(channels),
               CV_32F, const_cast<float*>(values.data()));
  const auto odd = [](float value) { return !std::isfinite(value); };
  if (std::none_of(values.begin(), values.end(), odd)) return rows;
  rows = rows.clone();
  std::replace_if(rows.ptr<float>(), rows.ptr<float>() + values.size(), odd, 0.0f);
  return rows;
}

/// [count, 3]: one vector at a time, so that no second copy of all is made.
std::vector<float> project(const cv::Mat& rows, const cv::Mat& mean, const cv::Mat& axes) {
  std::vector<float> result(static_cast<size_t>(rows.rows) * components, 0);
  cv::Mat row;
  for (int i = 0; i < rows.rows; ++i) {
    rows.row(i).convertTo(row, CV_64F);
    row -= mean;
    const cv::Mat projected = row * axes;
    for (int c = 0; c < axes.cols; ++c)
      result[static_cast<size_t>(i * components + c)] = static_cast<float>(projected.at<double>(c));
  }
  return result;
}

}  // namespace

std::vector<uint8_t> principal_colours(std::span<const float> values, int64_t channels) {
  const cv::Mat rows = finite_rows(values, channels), mean = mean_of(rows);
  cv::Mat axes = principal_axes(centred_sample(rows, mean));
  fix_signs(axes);
  const std::vector<float> projected = project(rows, mean, axes);
  std::vector<uint8_t> colours(projected.size(), 0);
  for (size_t c = 0; c < components; ++c) {
    const auto each = [&](auto&& visit) {
      for (size_t i = c; i < projected.size(); i += components) visit(projected[i]);
    };
    const Percentiles percentiles(each, projected.size() / components);
    const double low = percentiles(clip_percent), high = percentiles(100 - clip_percent);
    const double range = std::max(high - low, least_range);
    for (size_t i = c; i < projected.size(); i += components)
      colours[i] = static_cast<uint8_t>((std::clamp(static_cast<double>(projected[i]), low, high) - low) /
                                        range * 255);
  }
  return colours;
}

}  // namespace da3::io
