// SPDX-License-Identifier: Apache-2.0
// The precision contract inside the network: what is computed in which type, and that breaking it shows.
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "checkpoint/model_config.hpp"
#include "engine/operator_recorder.hpp"
#include "net/any_view_net.hpp"
#include "net/emulated_kernels.hpp"
#include "support/golden_case.hpp"

namespace da3 {
namespace {

using net::Arithmetic;

at::Tensor wrap(const checkpoint::TensorView& view) {
  const auto type = view.dtype == checkpoint::DType::u8 ? at::kByte : at::kFloat;
  return at::from_blob(const_cast<std::byte*>(view.data), view.shape, at::TensorOptions().dtype(type))
      .clone();
}

/// A golden case on a network of its own.
class Case {
 public:
  explicit Case(const char* name) : golden_(name) {}

  net::NetOutputs run(Arithmetic backbone, const net::Kernels& kernels, net::RunControl control = {}) const {
    const c10::InferenceMode inference;
    const auto folder = test::checkpoint_folder(golden_.checkpoint);
    const auto file = checkpoint::SafetensorsFile::open(folder / "model.safetensors");
    checkpoint::Shapes shapes;
    for (const auto& [tensor, view] : file.tensors()) shapes.emplace(tensor, view.shape);
    const auto config = checkpoint::resolve_config(folder, shapes).net;
    const net::AnyViewNet network({file, at::kCPU, kernels, {}, {backbone, Arithmetic::float32}}, config);
    net::NetRequest request;
    request.cameras = true;
    request.features = {config.backbone.depth - 1};
    return network.run({wrap(golden_.at("input.image")).unsqueeze(0), {}, {}}, request, kernels, control);
  }

 private:
  test::GoldenCase golden_;
};

double mean_deviation(const at::Tensor& values, const at::Tensor& want) {
  return ((values - want).abs().mean() / want.abs().mean()).item<double>();
}

/// Rounds the stream between the blocks, which the contract keeps in float32.
net::RunControl with_residual_in(at::ScalarType type) {
  net::RunControl control;
  control.tap = [type](const std::string& name, const at::Tensor& value) {
    if (name.starts_with("block.") || name == "patch_embed") value.copy_(value.to(type));
  };
  return control;
}

class Contract : public testing::TestWithParam<const char*> {};

TEST_P(Contract, AResidualInLowPrecisionIsFoundOut) {
  const Case a_case(GetParam());
  const net::EmulatedKernels kernels;
  const auto features = [](const net::NetOutputs& out) { return out.features.begin()->second; };
  const at::Tensor exact = features(a_case.run(Arithmetic::float32, kernels));
  const auto deviation = [&](Arithmetic arithmetic, net::RunControl control) {
    return mean_deviation(features(a_case.run(arithmetic, kernels, std::move(control))), exact);
  };
  // Seen: 2.5e-3 to 3.4e-3 as it should be, 4.4e-3 to 5.9e-3 with the residual in bfloat16.
  EXPECT_LT(deviation(Arithmetic::bfloat16, {}), 3.9e-3);
  EXPECT_GT(deviation(Arithmetic::bfloat16, with_residual_in(at::kBFloat16)), 3.9e-3);
  // 3.2e-4 to 4.3e-4, and 3.8e-3 to 4.9e-3.
  EXPECT_LT(deviation(Arithmetic::float16, {}), 1e-3);
  EXPECT_GT(deviation(Arithmetic::float16, with_residual_in(at::kBFloat16)), 1e-3);
}

INSTANTIATE_TEST_SUITE_P(Cases, Contract, testing::Values("tiny-2view", "tiny-outliers", "small-outliers"));

bool is_elementwise(const std::string& name) {
  for (const char* start : {"aten::add", "aten::mul", "aten::sub"})
    if (name.starts_with(start)) return true;
  return false;
}

/// Blocks run between the taps of the patch embedding and of the last block.
TEST(Operators, OfABlockAreInTheContractsTypes) {
  const Case a_case("tiny-2view");
  const net::Kernels kernels;
  engine::OperatorRecorder recorder;
  net::RunControl control;
  size_t first = 0, last = 0;
  int blocks = 0;
  control.tap = [&](const std::string& name, const at::Tensor& value) {
    if (name == "patch_embed") first = recorder.operators().size();
    if (!name.starts_with("block.")) return;
    last = recorder.operators().size(), ++blocks;
    EXPECT_EQ(value.scalar_type(), at::kFloat) << "the residual after " << name;
  };
  a_case.run(Arithmetic::bfloat16, kernels, control);
  ASSERT_GT(blocks, 0);
  int linears = 0, attentions = 0, norms = 0, elementwise = 0, scaled = 0;
  for (size_t i = first; i < last; ++i) {
    const engine::RecordedOperator& op = recorder.operators()[i];
    const auto all = [&](at::ScalarType type) {
      for (const engine::TensorFacts& tensor : op.in) EXPECT_EQ(tensor.type, type) << engine::to_text(op);
    };
    if (op.name == "aten::linear") all(at::kBFloat16), ++linears;
    if (op.name == "aten::scaled_dot_product_attention") all(at::kBFloat16), ++attentions;
    if (op.name == "aten::layer_norm") {
      ASSERT_FALSE(op.out.empty());
      EXPECT_EQ(op.in.back().type, at::kFloat) << engine::to_text(op);
      EXPECT_EQ(op.out[0].type, at::kFloat) << engine::to_text(op);
      ++norms;
    }
    // Residual, LayerScale and rotation: whatever arithmetic the network asks for by itself.
    if (!op.caller && is_elementwise(op.name)) all(at::kFloat), ++elementwise;
    if (op.name == "aten::addcmul_") ++scaled;
  }
  EXPECT_EQ(linears, 4 * blocks) << "qkv, projection, and two of the feed-forward layer";
  EXPECT_EQ(attentions, blocks);
  EXPECT_GE(norms, 2 * blocks);
  EXPECT_EQ(scaled, 2 * blocks) << "LayerScale and residual";
  EXPECT_GT(elementwise, scaled) << "rotations were not seen";
}

TEST(Tf32, KeepsTenBitsOfMantissaToNearestEven) {
  const float ulp = 0x1p-10f, infinity = std::numeric_limits<float>::infinity();
  const std::vector<std::pair<float, float>> cases{
      {0.0f, 0.0f},
      {-1.0f, -1.0f},
      {1.0f + ulp, 1.0f + ulp},
      {1.0f + 0.5f * ulp, 1.0f},                      // a tie, to even
      {1.0f + 1.5f * ulp, 1.0f + 2 * ulp},            // likewise
      {1.0f + 0.5f * ulp + 0x1p-23f, 1.0f + ulp},     // just above a tie
      {-(2.0f - 0x1p-23f), -2.0f},                    // carries into the exponent
      {std::numeric_limits<float>::max(), infinity},  // and out of it
      {-infinity, -infinity},
      {std::nextafter(0x1p-126f, 0.0f), 0x1p-126f}};  // subnormal
  for (const auto& [value, want] : cases)
    EXPECT_EQ(net::rounded_to_tf32(at::full({3}, value)).max().item<float>(), want) << value;
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_TRUE(std::isnan(net::rounded_to_tf32(at::full({1}, nan)).item<float>()));
  const at::Tensor strided = at::ones({4, 6}).t();
  EXPECT_TRUE(net::rounded_to_tf32(strided).equal(strided));
}

TEST(Tf32, OfTheBackboneIsAsFineAsFloat16) {
  const Case a_case("tiny-outliers");
  const net::EmulatedKernels kernels;
  const auto features = [&](Arithmetic arithmetic) {
    return a_case.run(arithmetic, kernels).features.begin()->second;
  };
  const double off = mean_deviation(features(Arithmetic::tf32), features(Arithmetic::float32));
  EXPECT_GT(off, 5e-5) << "nothing was rounded";
  EXPECT_LT(off, 1e-3);
}

}  // namespace
}  // namespace da3
