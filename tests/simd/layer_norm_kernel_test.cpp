// SPDX-License-Identifier: Apache-2.0
#include "cpu/simd/layer_norm.hpp"

#include <cmath>
#include <limits>

#include "simd/every_target.hpp"

namespace da3::cpu::simd {
namespace {

using test::converted;
using test::normal_numbers;
using test::on_every_target;

constexpr double kEps = 1e-6;

std::vector<double> reference(const std::vector<float>& x, int64_t channels, const std::vector<float>& weight,
                              const std::vector<float>& bias) {
  std::vector<double> out(x.size());
  for (size_t first = 0; first < x.size(); first += static_cast<size_t>(channels)) {
    double mean = 0, variance = 0;
    const auto n = static_cast<size_t>(channels);
    for (size_t c = 0; c < n; ++c) mean += double{x[first + c]} / static_cast<double>(channels);
    for (size_t c = 0; c < n; ++c)
      variance += std::pow(double{x[first + c]} - mean, 2) / static_cast<double>(channels);
    for (size_t c = 0; c < n; ++c)
      out[first + c] =
          (double{x[first + c]} - mean) / std::sqrt(variance + kEps) * double{weight[c]} + double{bias[c]};
  }
  return out;
}

void expect_near(const std::vector<float>& got, const std::vector<double>& want) {
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], want[i], 4e-6 * (1 + std::abs(want[i]))) << i;
}

class LayerNormKernel : public ::testing::TestWithParam<int64_t> {};

TEST_P(LayerNormKernel, IsThatOfDoubles) {
  const int64_t channels = GetParam(), rows = 5;
  const auto count = static_cast<size_t>(channels);
  const auto weight = normal_numbers(count, 1), bias = normal_numbers(count, 2);
  std::vector<float> x = normal_numbers(count * 5, 3, 4.0f);
  for (float& value : x) value += 100.0f;  // a mean that squares would lose the variance in
  const NormParameters norm{weight.data(), bias.data(), static_cast<float>(kEps)};
  on_every_target([&] {
    std::vector<float> out(x.size());
    layer_norm(x.data(), channels, rows, channels, norm, out.data());
    if (channels > 4) {
      const auto want = reference(x, channels, weight, bias);
      for (size_t i = 0; i < out.size(); ++i) ASSERT_NEAR(out[i], want[i], 1e-4) << i;
    }
  });
}

TEST_P(LayerNormKernel, AddsFirst) {
  const int64_t channels = GetParam(), rows = 3;
  const auto count = static_cast<size_t>(channels);
  const auto weight = normal_numbers(count, 1), bias = normal_numbers(count, 2);
  const auto x = normal_numbers(count * 3, 3), delta = normal_numbers(count * 3, 4);
  std::vector<float> sum(x.size());
  for (size_t i = 0; i < x.size(); ++i) sum[i] = x[i] + delta[i];
  const NormParameters norm{weight.data(), bias.data(), static_cast<float>(kEps)};
  on_every_target([&] {
    std::vector<float> residual = x, out = delta;  // out may be delta
    add_layer_norm(residual.data(), out.data(), rows, channels, norm, out.data());
    EXPECT_EQ(residual, sum);
    if (channels > 4) expect_near(out, reference(sum, channels, weight, bias));
  });
}

TEST_P(LayerNormKernel, WritesAndAddsBFloat16) {
  const int64_t channels = GetParam(), rows = 3;
  const auto count = static_cast<size_t>(channels);
  const auto weight = normal_numbers(count, 1), bias = normal_numbers(count, 2),
             scale = normal_numbers(count, 5);
  const auto x = normal_numbers(count * 3, 3), delta = normal_numbers(count * 3, 4);
  const NormParameters norm{weight.data(), bias.data(), static_cast<float>(kEps)};
  const auto low = converted<uint16_t>(delta);
  const auto held = converted<float>(low);
  on_every_target([&] {
    std::vector<float> in_float(x.size()), sum = x, plain = x;
    std::vector<uint16_t> out(x.size());
    layer_norm(x.data(), channels, rows, channels, norm, in_float.data());
    layer_norm(x.data(), channels, rows, channels, norm, out.data());
    EXPECT_EQ(out, converted<uint16_t>(in_float)) << "the same, rounded";
    add_scaled(plain.data(), low.data(), nullptr, rows, channels);
    for (size_t i = 0; i < x.size(); ++i) ASSERT_EQ(plain[i], x[i] + held[i]) << i;
    add_layer_norm(sum.data(), low.data(), scale.data(), rows, channels, norm, out.data());
    for (size_t i = 0; i < x.size(); ++i)
      ASSERT_NEAR(sum[i], double{x[i]} + double{held[i]} * double{scale[i % count]}, 1e-6) << i;
    layer_norm(sum.data(), channels, rows, channels, norm, in_float.data());
    EXPECT_EQ(out, converted<uint16_t>(in_float));
    std::vector<float> again = x;
    add_scaled(again.data(), low.data(), scale.data(), rows, channels);
    EXPECT_EQ(again, sum);
  });
}

INSTANTIATE_TEST_SUITE_P(Channels, LayerNormKernel, ::testing::Values(1, 5, 16, 31, 64, 384, 768, 1027));

TEST(LayerNormKernel, LeavesAStrideAndLetsNaNThroughInItsRowAlone) {
  constexpr int64_t channels = 24, stride = 40, rows = 3;
  const auto weight = normal_numbers(channels, 1), bias = normal_numbers(channels, 2);
  auto x = normal_numbers(stride * rows, 3);
  x[stride + 23] = std::numeric_limits<float>::quiet_NaN();
  on_every_target([&] {
    std::vector<float> out(channels * rows);
    layer_norm(x.data(), stride, rows, channels, {weight.data(), bias.data(), 1e-6f}, out.data());
    for (size_t i = 0; i < out.size(); ++i) EXPECT_EQ(std::isnan(out[i]), i / channels == 1) << i;
  });
}

}  // namespace
}  // namespace da3::cpu::simd
