// SPDX-License-Identifier: Apache-2.0
#include "cpu/simd/head_rows.hpp"

#include <cmath>
#include <numeric>
#include <tuple>

#include "simd/every_target.hpp"

namespace da3::cpu::simd {
namespace {

using test::converted;
using test::normal_numbers;
using test::on_every_target;

constexpr int64_t kTokens = 12;

/// Rows of one head with all that can be done to them.
struct Rows {
  int64_t channels, stride;
  std::vector<float> x, weight, bias, angles;
  std::vector<float> cos, sin;
  RowSteps steps;

  Rows(int64_t channels_, int64_t period, bool one_rotation)
      : channels(channels_), stride(3 * channels_ + 4) {
    const auto count = static_cast<size_t>(channels);
    x = normal_numbers(static_cast<size_t>(kTokens * stride), 1, 3.0f);
    weight = normal_numbers(count, 2), bias = normal_numbers(count, 3);
    angles = normal_numbers(static_cast<size_t>(one_rotation ? 1 : kTokens) * count / 2, 4);
    for (float a : angles) cos.push_back(std::cos(a)), sin.push_back(std::sin(a));
    steps = {
        weight.data(), bias.data(), 1e-5f, cos.data(), sin.data(), period, one_rotation ? 0 : channels / 2,
        0.25f};
  }

  std::vector<double> reference(const std::vector<float>& from, int64_t token) const {
    const auto n = static_cast<size_t>(channels), quarter = n / 4;
    std::vector<double> row(from.begin() + token * stride, from.begin() + token * stride + channels);
    const double mean = std::accumulate(row.begin(), row.end(), 0.0) / static_cast<double>(n);
    double variance = 0;
    for (double v : row) variance += (v - mean) * (v - mean) / static_cast<double>(n);
    for (size_t c = 0; c < n; ++c)
      row[c] = (row[c] - mean) / std::sqrt(variance + 1e-5) * double{weight[c]} + double{bias[c]};
    if (token % steps.period == 0)
      for (size_t axis = 0; axis < 2; ++axis)
        for (size_t i = 0; i < quarter; ++i) {
          const auto at =
              static_cast<size_t>(token / steps.period * steps.rotation_stride) + axis * quarter + i;
          double &first = row[2 * axis * quarter + i], &second = row[(2 * axis + 1) * quarter + i];
          const double a = std::cos(double{angles[at]}), b = std::sin(double{angles[at]});
          std::tie(first, second) = std::pair(first * a - second * b, second * a + first * b);
        }
    for (double& v : row) v *= 0.25;
    return row;
  }
};

template <class T>
void expect_prepared(const Rows& rows) {
  const std::vector<T> stored = converted<T>(rows.x);
  const std::vector<float> held = converted<float>(stored);
  constexpr int64_t first = 1, count = kTokens - 1;
  on_every_target([&] {
    std::vector<float> out(static_cast<size_t>(count * kMostHeadChannels), 7.0f);
    prepare_rows(HeadRows<const T>{stored.data(), rows.stride, rows.channels}, first, count, rows.steps,
                 out.data());
    for (int64_t i = 0; i < count; ++i) {
      const std::vector<double> want = rows.reference(held, first + i);
      for (int64_t c = 0; c < kMostHeadChannels; ++c)
        ASSERT_NEAR(out[static_cast<size_t>(i * kMostHeadChannels + c)],
                    c < rows.channels ? want[static_cast<size_t>(c)] : 0.0, 3e-6)
            << i << " " << c;
    }
  });
}

TEST(HeadRowsKernel, NormsTurnsAndScalesAsDoublesDo) {
  for (const int64_t channels : {64, 40, 32, 8})
    for (const auto& [period, one] : {std::pair<int64_t, bool>{1, false}, {4, true}}) {
      SCOPED_TRACE(channels);
      expect_prepared<float>(Rows(channels, period, one));
      expect_prepared<bfloat16>(Rows(channels, period, one));
    }
}

TEST(HeadRowsKernel, LeavesOutWhatIsNotThere) {
  Rows rows(64, 1, false);
  rows.steps = {};
  on_every_target([&] {
    std::vector<float> out(static_cast<size_t>(kTokens * kMostHeadChannels));
    prepare_rows(HeadRows<const float>{rows.x.data(), rows.stride, 64}, 0, kTokens, rows.steps, out.data());
    for (size_t i = 0; i < out.size(); ++i)
      ASSERT_EQ(out[i], rows.x[i / 64 * static_cast<size_t>(rows.stride) + i % 64]);
  });
}

TEST(HeadRowsKernel, TransposesAPanel) {
  const auto panel = normal_numbers(static_cast<size_t>(kPanel * kMostHeadChannels), 1);
  on_every_target([&] {
    std::vector<float> out(panel.size());
    constexpr size_t columns = 40;
    transpose_panel(panel.data(), columns, out.data());
    for (size_t c = 0; c < columns; ++c)
      for (size_t r = 0; r < kPanel; ++r) ASSERT_EQ(out[c * kPanel + r], panel[r * kMostHeadChannels + c]);
  });
}

}  // namespace
}  // namespace da3::cpu::simd
