// SPDX-License-Identifier: Apache-2.0
#include "self_test/canary.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/zeros.h>
#include <da3/error.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>

#include "engine/model.hpp"
#include "net/any_view_net.hpp"

namespace da3::engine {

namespace {

constexpr int64_t kViews = 2, kHeight = 42, kWidth = 70;

/// Head dimensions and block kinds are those of the published models; the rest is as small as it can be.
checkpoint::ModelConfig canary_config() {
  checkpoint::ModelConfig config;
  config.name = "canary";
  config.family = "any-view";
  config.net.prefix = "model.";
  checkpoint::BackboneConfig& backbone = config.net.backbone;
  backbone.embed_dim = 128, backbone.depth = 4, backbone.num_heads = 2;
  backbone.out_layers = {0, 1, 2, 3};
  backbone.alt_start = backbone.qknorm_start = backbone.rope_start = 1;
  backbone.cat_token = true;
  backbone.feed_forward = checkpoint::FeedForward::swiglu;  // the camera encoder's blocks have the other
  backbone.pos_embed_side = 4;
  checkpoint::HeadConfig& head = config.net.head;
  head.kind = checkpoint::HeadKind::dual_dpt;
  head.dim_in = 256, head.features = 32, head.output_dim = 2;
  head.out_channels = {16, 32, 64, 64};
  config.net.camera = checkpoint::CameraConfig{128, 256};
  return config;
}

/// Numbers in [-1, 1) that are the same on every machine (SplitMix64, exact in float32).
class Numbers {
 public:
  explicit Numbers(std::string_view name) {
    for (const unsigned char c : name) state_ = (state_ ^ c) * 0x100000001B3;
  }
  float next() {
    uint64_t z = state_ += 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    z ^= z >> 31;
    return static_cast<float>(static_cast<int64_t>(z >> 40)) * 0x1p-23f - 1.0f;
  }

 private:
  uint64_t state_ = 0xCBF29CE484222325;
};

/// Around 1 for scales, small for biases, and such that activations stay near 1 for matrices.
void fill(const checkpoint::TensorSpec& spec, float* values) {
  const auto ends = [&](std::string_view end) { return std::string_view(spec.name).ends_with(end); };
  float centre = 0, width = 0.05f;
  double fan_in = 1;
  for (size_t i = 1; i < spec.shape.size(); ++i) fan_in *= static_cast<double>(spec.shape[i]);
  if (ends(".gamma"))
    centre = 0.3f, width = 0.1f;
  else if (ends("_token") || ends("pos_embed"))
    width = 0.3f;
  else if (ends("fc_fov.0.bias") || ends("output_conv2.2.bias"))
    centre = 0.8f;
  else if (!ends(".bias") && spec.shape.size() == 1)
    centre = 1, width = 0.2f;
  else if (!ends(".bias"))
    width = static_cast<float>(std::sqrt(3.0 / fan_in));
  if (ends("fc_fov.0.weight") || ends("fc_t.weight")) width *= 0.1f;  // cameras that could be
  Numbers numbers(spec.name);
  for (int64_t i = 0; i < spec.elements(); ++i) values[i] = centre + width * numbers.next();
}

checkpoint::SafetensorsFile canary_weights(const checkpoint::ModelConfig& config) {
  std::vector<checkpoint::TensorSource> sources;
  for (const checkpoint::TensorSpec& spec : checkpoint::stored_tensors(config))
    sources.push_back({spec.name, checkpoint::DType::f32, spec.shape, [spec](std::byte* to, size_t bytes) {
                         std::vector<float> values(static_cast<size_t>(spec.elements()));
                         fill(spec, values.data());
                         std::memcpy(to, values.data(), bytes);
                       }});
  return checkpoint::SafetensorsFile::in_memory("the canary's weights", sources);
}

net::NetInputs canary_inputs(at::Device device) {
  at::Tensor image = at::zeros({1, kViews, kHeight, kWidth, 3}, at::kByte);
  Numbers numbers("image");
  auto* pixels = static_cast<uint8_t*>(image.mutable_data_ptr());
  for (int64_t i = 0; i < image.numel(); ++i) pixels[i] = static_cast<uint8_t>(127.5f + 127 * numbers.next());
  at::Tensor extrinsics = at::eye(4, at::kFloat).expand({1, kViews, 4, 4}).clone();
  extrinsics.select(1, 1).select(1, 0).select(1, 3).fill_(0.5);
  at::Tensor intrinsics = at::eye(3, at::kFloat).expand({1, kViews, 3, 3}).clone();
  for (int64_t i : {0, 1}) intrinsics.select(2, i).select(2, i).fill_(60.0);
  intrinsics.select(2, 0).select(2, 2).fill_((kWidth - 1) / 2.0);
  intrinsics.select(2, 1).select(2, 2).fill_((kHeight - 1) / 2.0);
  return {image.to(device), extrinsics.to(device), intrinsics.to(device)};
}

TapValues values_of(const std::string& name, const at::Tensor& tensor) {
  const at::Tensor flat = tensor.to(at::kCPU).to(at::kDouble).contiguous().flatten();
  TapValues values{name, flat.abs().mean().item<double>(), {}};
  const int64_t last = flat.numel() - 1, parts = static_cast<int64_t>(values.samples.size());
  for (int64_t i = 0; i < parts; ++i)
    values.samples[static_cast<size_t>(i)] = flat[last * (2 * i + 1) / (2 * parts)].item<double>();
  return values;
}

/// Errors of single kernels add up over the network.
double tap_limit(const Policy& policy) {
  switch (policy.precision) {
    case Precision::bfloat16:
      return 0.15;
    case Precision::int8:
      return 0.1;
    case Precision::float16:
      return 0.02;
    case Precision::tf32:
      return 0.02;
    default:
      return policy.head_precision == Precision::float32 ? 1e-3 : 0.02;
  }
}

void compare_tap(const TapValues& seen, const Policy& policy, const CanarySinks& sinks) {
  if (!sinks.tap) return;
  const auto& stored = stored_canary();
  const auto want =
      std::find_if(stored.begin(), stored.end(), [&](const TapValues& tap) { return tap.name == seen.name; });
  double error = want == stored.end() ? std::numeric_limits<double>::infinity()
                                      : std::abs(seen.magnitude - want->magnitude);
  if (want != stored.end()) {
    for (size_t i = 0; i < seen.samples.size(); ++i)
      error = std::max(error, std::abs(seen.samples[i] - want->samples[i]));
    error /= want->magnitude;
  }
  sinks.tap(seen, std::isnan(error) ? std::numeric_limits<double>::infinity() : error, tap_limit(policy));
}

std::string percent(double error) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g %%", 100 * error);
  return text;
}

[[noreturn]] void refuse(const std::string& what, double error, double limit) {
  throw Error(DA3_E_UNAVAILABLE,
              "the device computes wrongly: " + what + " is off by " + percent(error) +
                  " in a test network (" + percent(limit) +
                  " is allowed); update the driver, or use another backend, and report it "
                  "with da3-plugin-check --first-contact; canary: off skips this test",
              /*kind=*/4);
}

}  // namespace

void run_canary(Context& context, const CanarySinks& sinks) {
  const checkpoint::ModelConfig config = canary_config();
  const checkpoint::SafetensorsFile file = canary_weights(config);
  context.run([&] {
    CheckedKernels kernels(*context.kernels, [&](const CheckedKernels::Finding& finding) {
      if (sinks.kernel) sinks.kernel(finding);
    });
    const net::WeightSource source{file, context.device, kernels, {}, precision_of(context.policy)};
    const net::AnyViewNet network(source, config.net);
    net::RunControl control;
    control.step = [&](const char* stage, int64_t done, int64_t) {
      kernels.enter_layer(std::string(stage) + ", step " + std::to_string(done));
    };
    control.tap = [&](const std::string& name, const at::Tensor& value) {
      compare_tap(values_of(name, value), context.policy, sinks);
    };
    net::NetRequest request;
    request.cameras = request.rays = true;
    const net::NetOutputs out = network.run(canary_inputs(context.device), request, kernels, control);
    const std::pair<const char*, const at::Tensor*> outputs[] = {{"depth", &out.depth},
                                                                 {"confidence", &out.confidence},
                                                                 {"ray", &out.ray},
                                                                 {"ray_confidence", &out.ray_confidence},
                                                                 {"extrinsics", &out.cameras.extrinsics},
                                                                 {"intrinsics", &out.cameras.intrinsics}};
    for (const auto& [name, value] : outputs) compare_tap(values_of(name, *value), context.policy, sinks);
  });
}

void pass_canary(Context& context) {
  run_canary(context, {[](const CheckedKernels::Finding& finding) {
                         if (finding.wrong())
                           refuse("kernel '" + finding.kernel + "' (" + finding.layer + ")", finding.error,
                                  finding.limit);
                       },
                       [](const TapValues& seen, double error, double limit) {
                         if (!(error <= limit))
                           refuse("layer '" + seen.name + "', though each of its kernels is right,", error,
                                  limit);
                       }});
}

}  // namespace da3::engine
