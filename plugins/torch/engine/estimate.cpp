// SPDX-License-Identifier: Apache-2.0
#include "engine/estimate.hpp"

#include <da3/error.hpp>

#include "net/backbone.hpp"

#include <algorithm>
#include <cstdio>
#include <string>

namespace da3::engine {

namespace {

constexpr uint64_t kFloat = sizeof(float);

std::string gigabytes(uint64_t bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f GB", static_cast<double>(bytes) / 1e9);
  return text;
}

}  // namespace

uint64_t estimate_activations(const RunRequest& request, const Model& model) {
  const auto& net = model.config().net;
  const RunShape& s = request.shape;
  const auto views = static_cast<uint64_t>(s.scenes * s.views);
  const auto patches = static_cast<uint64_t>((s.height / net::kPatch) * (s.width / net::kPatch));
  const auto pixels = static_cast<uint64_t>(s.height * s.width);
  const auto width = static_cast<uint64_t>(net.backbone.embed_dim),
             features = static_cast<uint64_t>(net.head.features);
  const uint64_t tokens = views * (patches + 1) * width * kFloat;

  // Residual, norm, qkv, normalised q and k, result; or residual, norm, hidden of four times the width.
  const uint64_t block = 8 * tokens;
  const uint64_t kept = 4 * (net.backbone.cat_token ? 2 : 1) * tokens;
  const auto chunk =
      static_cast<uint64_t>(std::min<int64_t>(request.network.head_chunk_views, s.scenes * s.views));
  // Fusion at 8 pixels a patch: four maps of all features. Full size: half the features twice, and 32
  // channels twice.
  const uint64_t fusion = 4 * 64 * patches * features * kFloat;
  const uint64_t full = pixels * (features + 64) * kFloat;
  const uint64_t head = (request.network.depth || request.network.rays) ? chunk * std::max(fusion, full) : 0;
  uint64_t outputs = request.network.depth ? 2 * views * pixels * kFloat : 0;
  if (request.network.rays) outputs += views * 64 * patches * 7 * kFloat;
  outputs += request.network.features.size() * tokens;
  return kept + outputs + std::max(block, head);
}

void check_fits(const RunRequest& request, const Model& model) {
  const uint64_t limit = model.context().policy.memory_limit;
  if (limit == 0) return;
  const uint64_t needed = model.weight_bytes() + estimate_activations(request, model);
  if (needed <= limit) return;
  throw Error(DA3_E_NOMEM_HOST,
              "the run does not fit: " + std::to_string(request.shape.scenes * request.shape.views) +
                  " views of " + std::to_string(request.shape.width) + "x" +
                  std::to_string(request.shape.height) + " need about " + gigabytes(needed) +
                  ", the limit is " + gigabytes(limit) +
                  "; use fewer views, a smaller process_res, performance_mode: minimal or a higher "
                  "memory_fraction");
}

}  // namespace da3::engine
