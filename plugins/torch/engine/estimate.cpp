// SPDX-License-Identifier: Apache-2.0
#include "engine/estimate.hpp"

#include <da3/error.hpp>

#include "engine/weight_bytes.hpp"
#include "net/backbone.hpp"
#include "net/winograd_choice.hpp"

#include <algorithm>
#include <cstdio>
#include <string>

namespace da3::engine {

namespace {

// What the heap keeps between blocks of other sizes, and what LibTorch and oneDNN take for themselves:
// measured, see cpu_memory_test.
constexpr double kAllocatorSlack = 1.5;
constexpr int32_t kHostMemory = 1;  // DLPack
constexpr uint64_t kWorkspace = 12 << 20;
// Of a device, not measured: LibTorch gives cuBLAS tens of MiB for each stream, and cuDNN's convolutions take
// more where there is more.
constexpr uint64_t kDeviceWorkspace = 256 << 20;

/// Numbers that everything is a multiple of.
struct Sizes {
  double views = 0, scene_views = 0, chunk = 0;  ///< all, of one scene, in the heads at a time
  double patches = 0, pixels = 0;                ///< of one view
};

Sizes sizes_of(const RunRequest& request) {
  const RunShape& s = request.shape;
  const int64_t views = s.scenes * s.views;
  Sizes sizes;
  sizes.views = static_cast<double>(views);
  sizes.scene_views = static_cast<double>(s.views);
  sizes.chunk = static_cast<double>(std::min<int64_t>(request.network.head_chunk_views, views));
  sizes.patches = static_cast<double>((s.height / net::kPatch) * (s.width / net::kPatch));
  sizes.pixels = static_cast<double>(s.height * s.width);
  return sizes;
}

/// Values of a gaussian: means, scales, rotation, harmonics, opacity.
double gaussian_values(const checkpoint::GaussianConfig& gaussian) {
  const auto bands = static_cast<double>((gaussian.sh_degree + 1) * (gaussian.sh_degree + 1));
  return 3 + 3 + 4 + 3 * bands + 1;
}

/// Floats that live together at the highest point of one network's run.
double network_floats(const Sizes& s, const net::NetRequest& request, const checkpoint::NetConfig& net) {
  const auto features = static_cast<double>(net.head.features);
  const double tokens = s.views * (s.patches + 1) * static_cast<double>(net.backbone.embed_dim);
  const bool gaussians = request.gaussians && net.gaussian;
  const bool depth = request.depth || request.sky || gaussians, rays = request.rays || request.ray_pose;

  // The image as floats and as tokens; then residual, norm, qkv, normalised q and k, result, or residual,
  // norm and a hidden layer of four times the width.
  const double embedding = s.views * s.pixels * 3 + 2 * tokens, block = 8 * tokens;
  const double kept = 4 * (net.backbone.cat_token ? 2 : 1) * tokens;
  // Fusion at 8 x 8 values a patch: four maps of all features. Full size: half of the features twice, and 32
  // channels twice.
  const double fusion = 4 * 64 * s.patches * features, full = s.pixels * (features + 64);
  double phase = std::max(embedding, block);
  if (depth || rays) phase = std::max(phase, s.chunk * std::max(fusion, full));

  double outputs = static_cast<double>(request.features.size()) * tokens;
  if (depth) outputs += 2 * s.views * s.pixels;
  if (rays) outputs += 7 * 64 * s.views * s.patches;
  // The sky's quantile: a mask, the depths under it, and two partial sorts with indices.
  if (net.head.kind == checkpoint::HeadKind::dpt) phase = std::max(phase, 5 * s.scene_views * s.pixels);
  if (gaussians) {
    const double values = gaussian_values(*net.gaussian),
                 raw = static_cast<double>(net.gaussian->head.output_dim);
    outputs += values * s.views * s.pixels;
    // The head with the image's features; then one view's gaussians in their making.
    phase = std::max({phase, s.chunk * s.pixels * (1.5 * features + 32 + raw),
                      s.chunk * s.pixels * raw + 2 * s.pixels * values});
  }
  return kept + outputs + phase;
}

std::string gigabytes(uint64_t bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f GB", static_cast<double>(bytes) / 1e9);
  return text;
}

uint64_t value_bytes(Precision precision) {
  if (precision == Precision::int8) return 1;
  return precision == Precision::bfloat16 || precision == Precision::float16 ? 2 : sizeof(float);
}

int32_t out_of_memory(const Policy& policy) {
  return policy.dl_type == kHostMemory ? DA3_E_NOMEM_HOST : DA3_E_NOMEM_DEVICE;
}

/// Floats for each weight that the CPU's kernels keep (cpu/winograd_convolution.hpp).
uint64_t growth(const checkpoint::TensorSpec& spec, const Policy& policy) {
  const auto has = [&](const char* part) { return spec.name.find(part) != std::string::npos; };
  const bool square = spec.shape.size() == 4 && spec.shape[2] == 3 && spec.shape[3] == 3;
  const bool float32 = policy.head_precision == Precision::float32;
  if (!policy.winograd || !float32 || !square || has("resize_layers.")) return 1;
  return net::winograd_pays(spec.shape[1], spec.shape[0], has("_aux.")) ? net::kWinogradGrowth : 1;
}

}  // namespace

uint64_t estimate_activations(const RunRequest& request, const Model& model) {
  const checkpoint::ModelConfig& config = model.config();
  const Sizes sizes = sizes_of(request);
  double live = network_floats(sizes, request.network, config.net);
  // A nested model's branches run one after the other; depth, confidence and sky of both stay.
  if (config.metric)
    live = std::max(live, network_floats(sizes, request.network, *config.metric)) +
           4 * sizes.views * sizes.pixels;
  return static_cast<uint64_t>(kAllocatorSlack * live * sizeof(float)) +
         (model.context().policy.dl_type == kHostMemory ? kWorkspace : kDeviceWorkspace);
}

uint64_t WeightBytes::with(const net::PartsThere& parts) const {
  return always + (parts.camera_encoder ? camera_encoder : 0) + (parts.rays ? rays : 0);
}

WeightBytes weights_in_memory(const checkpoint::ModelConfig& config, const Policy& policy) {
  WeightBytes bytes;
  for (const checkpoint::TensorSpec& spec : checkpoint::stored_tensors(config)) {
    const auto below = [&](const char* part) { return spec.name.find(part) != std::string::npos; };
    uint64_t width = sizeof(float);
    if (spec.shape.size() >= 2 && below(".backbone.pretrained.blocks."))
      width = value_bytes(policy.precision);
    else if (spec.shape.size() >= 2 && (below(".head.") || below(".gs_head.")))
      width = value_bytes(policy.head_precision);
    uint64_t& part = below(".cam_enc.") ? bytes.camera_encoder : below("_aux.") ? bytes.rays : bytes.always;
    part += static_cast<uint64_t>(spec.elements()) * width * growth(spec, policy);
  }
  return bytes;
}

uint64_t weights_for(const RunRequest& request, const Model& model) {
  net::PartsThere parts = model.network().parts();
  parts.camera_encoder = parts.camera_encoder || request.posed;
  parts.rays = parts.rays || request.network.rays || request.network.ray_pose;
  return model.all_weight_bytes().with(parts);
}

void check_weights_fit(const std::string& model, uint64_t weight_bytes, const Policy& policy) {
  if (policy.memory_limit == 0 || weight_bytes <= policy.memory_limit) return;
  throw Error(out_of_memory(policy), "model '" + model + "' does not fit: its weights need " +
                                         gigabytes(weight_bytes) + ", the limit is " +
                                         gigabytes(policy.memory_limit) +
                                         "; use a smaller model, free memory or a higher memory_fraction");
}

void check_fits(const RunRequest& request, const Model& model) {
  const uint64_t limit = model.context().policy.memory_limit;
  if (limit == 0) return;
  const uint64_t needed = weights_for(request, model) + estimate_activations(request, model);
  if (needed <= limit) return;
  throw Error(out_of_memory(model.context().policy),
              "the run does not fit: " + std::to_string(request.shape.scenes * request.shape.views) +
                  " views of " + std::to_string(request.shape.width) + "x" +
                  std::to_string(request.shape.height) + " need about " + gigabytes(needed) +
                  ", the limit is " + gigabytes(limit) +
                  "; use fewer views, a smaller process_res, performance_mode: minimal or a higher "
                  "memory_fraction");
}

}  // namespace da3::engine
