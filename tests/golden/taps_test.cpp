// SPDX-License-Identifier: Apache-2.0
// The network's inside against upstream's: the output of every block, on plugins/torch directly.
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/from_blob.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "checkpoint/model_config.hpp"
#include "net/any_view_net.hpp"
#include "support/golden_case.hpp"

namespace da3 {
namespace {

at::Tensor wrap(const checkpoint::TensorView& view) {
  const auto type = view.dtype == checkpoint::DType::u8 ? at::kByte : at::kFloat;
  return at::from_blob(const_cast<std::byte*>(view.data), view.shape, at::TensorOptions().dtype(type))
      .clone();
}

const net::Kernels kernels;

net::AnyViewNet load(const std::string& name) {
  const auto folder = test::checkpoint_folder(name);
  const auto file = checkpoint::SafetensorsFile::open(folder / "model.safetensors");
  checkpoint::Shapes shapes;
  for (const auto& [tensor, view] : file.tensors()) shapes.emplace(tensor, view.shape);
  return {net::WeightSource{file, at::kCPU, kernels, {}}, checkpoint::resolve_config(folder, shapes).net};
}

class Taps : public testing::TestWithParam<const char*> {};

TEST_P(Taps, EveryBlockIsUpstreams) {
  const c10::InferenceMode inference;
  const test::GoldenCase golden(GetParam());
  const net::AnyViewNet network = load(golden.checkpoint);
  net::RunControl control;
  int seen = 0;
  control.tap = [&](const std::string& name, const at::Tensor& value) {
    const checkpoint::TensorView* expected = golden.data.find("tap." + name);
    if (!expected) return;
    ++seen;
    at::Tensor want = wrap(*expected);
    ASSERT_EQ(value.numel(), want.numel()) << name;
    at::Tensor got = value.reshape(want.sizes());
    // Upstream writes the camera tokens into this block's output after it was recorded: token 0 is not the
    // block's.
    if (name == "block." + std::to_string(network.config().backbone.alt_start - 1)) {
      got = got.narrow(1, 1, got.size(1) - 1);
      want = want.narrow(1, 1, want.size(1) - 1);
    }
    EXPECT_LE((got - want).abs().max().item<double>(), 1e-4 * want.abs().max().item<double>()) << name;
  };
  net::NetRequest request;
  network.run({wrap(golden.at("input.image")).unsqueeze(0), {}, {}}, request, kernels, control);
  EXPECT_EQ(seen, 1 + network.config().backbone.depth);
}

INSTANTIATE_TEST_SUITE_P(Cases, Taps, testing::Values("tiny-1view", "tiny-5view", "tiny-outliers"),
                         [](const auto& param) { return test::test_name(param.param); });

TEST(Rays, AreUpstreams) {
  const c10::InferenceMode inference;
  const test::GoldenCase golden("tiny-raypose");
  const net::AnyViewNet network = load(golden.checkpoint);
  net::NetRequest request;
  request.depth = false;
  request.rays = true;
  const net::NetOutputs out =
      network.run({wrap(golden.at("input.image")).unsqueeze(0), {}, {}}, request, kernels, {});
  const at::Tensor ray = wrap(golden.at("tap.ray")), confidence = wrap(golden.at("tap.ray_conf"));
  EXPECT_FALSE(out.depth.defined()) << "depth was not asked for";
  EXPECT_LE((out.ray[0] - ray).abs().max().item<double>(), 1e-3 * ray.abs().mean().item<double>());
  EXPECT_LE((out.ray_confidence[0] - confidence).abs().max().item<double>(),
            1e-3 * confidence.abs().mean().item<double>());
}

TEST(GivenCameras, AreUpstreams) {
  const c10::InferenceMode inference;
  const test::GoldenCase golden("tiny-posed");
  const net::AnyViewNet network = load(golden.checkpoint);
  net::NetRequest request;
  request.cameras = true;
  const net::NetInputs inputs{wrap(golden.at("input.image")).unsqueeze(0),
                              wrap(golden.at("net.extrinsics")).unsqueeze(0),
                              wrap(golden.at("input.intrinsics")).unsqueeze(0)};
  const net::NetOutputs out = network.run(inputs, request, kernels, {});
  const at::Tensor depth = wrap(golden.at("output.depth")), extrinsics = wrap(golden.at("output.extrinsics"));
  EXPECT_LE((out.depth[0] - depth).abs().max().item<double>(), 1e-3 * depth.abs().mean().item<double>());
  EXPECT_LE((out.cameras.extrinsics[0] - extrinsics).abs().max().item<double>(), 1e-3);
}

}  // namespace
}  // namespace da3
