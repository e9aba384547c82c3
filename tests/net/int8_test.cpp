// SPDX-License-Identifier: Apache-2.0
// Linears in 8-bit integers: what is rounded and how, and that nothing saturates.
#include <ATen/TensorOperators.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/full.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/linspace.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "net/camera_rows.hpp"
#include "net/emulated_kernels.hpp"
#include "net/int8.hpp"

namespace da3::net {
namespace {

at::Tensor row(std::vector<float> values) {
  const auto count = static_cast<int64_t>(values.size());
  return at::from_blob(values.data(), {1, count}, at::kFloat).clone();
}

std::vector<int> values_of(const QuantisedRows& rows) {
  const at::Tensor values = rows.values.to(at::kInt);
  const auto* first = values.const_data_ptr<int32_t>();
  return {first, first + values.numel()};
}

TEST(QuantisedRows, AreToNearestAndSymmetric) {
  const QuantisedRows rows = quantise_rows(row({254.0f, -254.0f, 3.0f, 5.0f, -1.1f, 0.9f, 0.0f}));
  EXPECT_EQ(rows.steps.item<float>(), 2.0f);
  EXPECT_EQ(values_of(rows), (std::vector<int>{127, -127, 2, 2, -1, 0, 0})) << "ties to even";
}

TEST(QuantisedTokens, ReachAsFarAsTheirValues) {
  const QuantisedRows rows = quantise_tokens(row({253.0f, -253.0f, 3.0f, 5.0f, -1.1f, 0.9f, 0.0f}));
  EXPECT_EQ(rows.steps.item<float>(), 2.0f);
  EXPECT_EQ(values_of(rows), (std::vector<int>{126, -126, 2, 2, -1, 0, 0})) << "ties to even";
  const auto of = [](std::vector<float> x) { return values_of(quantise_tokens(row(std::move(x)))); };
  EXPECT_EQ(of({506.0f, 4.0f, 9.0f}), (std::vector<int>{253, 2, 4})) << "zero is a value, too";
  EXPECT_EQ(of({-506.0f, -4.0f, -9.0f}), (std::vector<int>{-253, -2, -4}));
  EXPECT_EQ(of({-101.5f, 151.5f, 1.0f}), (std::vector<int>{-102, 152, 1})) << "254 apart at most";
}

TEST(QuantisedRows, OfZerosAndOfVanishingValuesAreZeros) {
  for (const float value : {0.0f, -0.0f, 1e-44f})
    for (const auto quantise : {quantise_rows, quantise_tokens}) {
      const QuantisedRows rows = quantise(row({value, 0.0f}));
      EXPECT_EQ(values_of(rows), (std::vector<int>{0, 0})) << value;
      EXPECT_EQ(rows.steps.item<float>(), 0.0f) << value;
    }
}

TEST(QuantisedRows, HaveStepsOfTheirOwn) {
  const at::Tensor x = at::full({2, 4}, 1.0f);
  x[1].mul_(1000.0);
  const QuantisedRows rows = quantise_rows(x);
  EXPECT_EQ(values_of(rows), std::vector<int>(8, 127));
  EXPECT_FLOAT_EQ(rows.steps[1].item<float>(), 1000.0f * rows.steps[0].item<float>());
}

Linear layer_of(const at::Tensor& weight, const at::Tensor& bias) {
  Linear layer{weight.clone(), bias, Arithmetic::int8};
  quantise_weights(layer);
  return layer;
}

TEST(Int8Linear, IsWithinAStepOfFloat32) {
  const at::Tensor x = at::linspace(-3, 5, 5 * 96).view({1, 5, 96}),
                   w = at::linspace(-1, 2, 7 * 96).view({7, 96});
  const at::Tensor bias = at::linspace(-1, 1, 7);
  const at::Tensor want = at::linear(x, w, bias);
  const at::Tensor got = int8_linear(x, layer_of(w, bias), Activation::none);
  ASSERT_EQ(got.sizes(), want.sizes());
  EXPECT_LT((got - want).abs().max().item<float>(), 0.01f * want.abs().max().item<float>());
  EXPECT_GT((got - want).abs().max().item<float>(), 0.0f);
}

TEST(Int8Linear, HoldsTheLargestValues) {
  for (const float sign : {1.0f, -1.0f}) {
    const at::Tensor x = at::full({3, 4096}, 2.0f), w = at::full({5, 4096}, sign * 3.0f);
    const at::Tensor got = int8_linear(x, layer_of(w, {}), Activation::none);
    EXPECT_LT((got - sign * 6.0f * 4096).abs().max().item<float>(), 0.01f);
  }
}

TEST(Int8Linear, OfATokenThatIsNotFiniteIsNotFinite) {
  const Linear layer = layer_of(at::full({2, 8}, 1.0f), at::full({2}, 1.0f));
  for (const float bad : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    const at::Tensor x = at::full({2, 8}, 1.0f);
    x[1][3] = bad;
    const at::Tensor y = int8_linear(x, layer, Activation::none);
    EXPECT_TRUE(y[0].isfinite().all().item<bool>()) << "tokens have steps of their own";
    EXPECT_FALSE(y[1].isfinite().any().item<bool>()) << bad;
  }
}

/// The weights are rounded in both, so what is left is the rounding of the rows.
TEST(CameraRows, AreRoundedTo16Bits) {
  const EmulatedKernels kernels;
  const at::Tensor x = at::linspace(-3, 5, 2 * 3 * 96).sin().view({2, 3, 96}).contiguous(),
                   w = at::linspace(-1, 2, 7 * 96).cos().view({7, 96});
  for (const at::Tensor& bias : {at::linspace(-1, 1, 7), at::Tensor()}) {
    const Linear layer = layer_of(w, bias);
    const at::Tensor want = at::linear(x, layer.weight * layer.steps.unsqueeze(1), bias);
    const at::Tensor y = kernels.linear(x, layer);
    at::Tensor refined = y.clone();
    CameraRows(kernels, 3, Arithmetic::int8).refine(refined, x, layer);
    const auto off = [&](int64_t token, const at::Tensor& of) {
      return (of - want).select(1, token).abs().max().item<float>();
    };
    EXPECT_LT(off(0, refined), off(0, y) / 50);
    EXPECT_TRUE(refined.narrow(1, 1, 2).equal(y.narrow(1, 1, 2))) << "other tokens stay as they are";
  }
}

TEST(CameraRows, AreNoneInOtherArithmeticAndWithoutCameras) {
  const EmulatedKernels kernels;
  EXPECT_TRUE(CameraRows(kernels, 3, Arithmetic::int8).any());
  EXPECT_FALSE(CameraRows(kernels, 0, Arithmetic::int8).any());
  EXPECT_FALSE(CameraRows(kernels, 3, Arithmetic::bfloat16).any());
}

}  // namespace
}  // namespace da3::net
