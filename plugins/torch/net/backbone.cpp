// SPDX-License-Identifier: Apache-2.0
#include "net/backbone.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/add.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>

#include <algorithm>

#include "net/imagenet.hpp"
#include "net/positional.hpp"

namespace da3::net {

namespace {

constexpr double kFinalNormEps = 1e-5, kBlockNormEps = 1e-6;

/// Folds (u/255 - mean)/deviation into the patch embedding, so that it reads raw pixels. In double: the bias
/// is a sum of hundreds of terms.
Linear fold_normalisation(const at::Tensor& weight, const at::Tensor& bias) {
  const at::Tensor mean = imagenet_mean(at::kDouble), deviation = imagenet_deviation(at::kDouble);
  const at::Tensor by_pixel = weight.to(at::kDouble).permute({0, 2, 3, 1}) / deviation;  // [C, y, x, colour]
  const at::Tensor folded_bias = bias.to(at::kDouble) - (by_pixel * mean).sum({1, 2, 3});
  return {(by_pixel / 255.0).flatten(1).to(at::kFloat).contiguous(), folded_bias.to(at::kFloat)};
}

bool contains(const std::vector<int64_t>& values, int64_t value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

}  // namespace

uint64_t BackboneGeometry::bytes() const {
  uint64_t sum = 0;
  for (const at::Tensor* table : {&positions, &local.cos, &local.sin})
    if (table->defined()) sum += table->nbytes();
  return sum;
}

Backbone::Backbone(const WeightReader& weights, const checkpoint::BackboneConfig& config) : config_(config) {
  patch_ =
      fold_normalisation(weights.tensor("patch_embed.proj.weight"), weights.tensor("patch_embed.proj.bias"));
  patch_ = weights.as(Role::patch).place(patch_);
  stored_positions_ = weights.tensor("pos_embed");
  class_token_ = weights.tensor("cls_token");
  if (config.alt_start >= 0) camera_tokens_ = weights.place(weights.tensor("camera_token"));
  for (int64_t i = 0; i < config.depth; ++i) {
    const bool qk_norm = config.qknorm_start >= 0 && i >= config.qknorm_start;
    blocks_.emplace_back(weights.below("blocks." + std::to_string(i) + "."),
                         Block::Shape{config.num_heads, qk_norm, config.feed_forward, kBlockNormEps});
  }
  norm_ = weights.norm("norm", kFinalNormEps);
}

BackboneGeometry Backbone::geometry(int64_t rows, int64_t columns) const {
  const at::Device device = norm_.weight.device();
  const at::Tensor positions = resample_position_embedding(stored_positions_, rows, columns);
  BackboneGeometry geometry;
  geometry.rows = rows;
  geometry.columns = columns;
  geometry.positions = positions.narrow(0, 1, rows * columns).contiguous().to(device);
  geometry.class_row = (class_token_.view({-1}) + positions[0]).to(device);
  if (config_.rope_start >= 0) {
    const int64_t head_dim = config_.embed_dim / config_.num_heads;
    geometry.local = local_rotation(rows, columns, head_dim, device);
    geometry.camera = camera_rotation(head_dim, device);
  }
  return geometry;
}

at::Tensor Backbone::embed(const at::Tensor& image, const BackboneGeometry& geometry, const Kernels& kernels,
                           const RunControl& control) const {
  const int64_t views = image.size(0) * image.size(1), patches = geometry.rows * geometry.columns;
  const auto timed = control.layer("patch_embed");
  const at::Tensor pixels = image.reshape({views, geometry.rows, kPatch, geometry.columns, kPatch, 3})
                                .permute({0, 1, 3, 2, 4, 5})
                                .to(at::kFloat, false, false, at::MemoryFormat::Contiguous);
  const at::Tensor embedded = kernels.linear(pixels.view({views, patches, kPatch * kPatch * 3}), patch_);
  control.see("patch_embed", embedded);
  at::Tensor tokens = at::empty({views, 1 + patches, config_.embed_dim}, embedded.options());
  tokens.select(1, 0).copy_(geometry.class_row);
  at::Tensor patch_tokens = tokens.narrow(1, 1, patches);
  at::add_out(patch_tokens, embedded, geometry.positions);
  return tokens.view({image.size(0), image.size(1), 1 + patches, config_.embed_dim});
}

void Backbone::place_cameras(at::Tensor& tokens, const at::Tensor& given) const {
  at::Tensor first = tokens.select(2, 0);  // [B, S, C]
  if (given.defined()) {
    first.copy_(given);
    return;
  }
  first.copy_(camera_tokens_.select(1, 1).unsqueeze(1));
  first.select(1, 0).copy_(camera_tokens_.select(1, 0));
}

bool Backbone::global_block(int64_t i) const {
  return config_.alt_start >= 0 && i >= config_.alt_start && i % 2 == 1;
}

bool Backbone::reads_cameras(int64_t i, int64_t views) const {
  // Before alt_start the first tokens are class tokens, by which the reference view is chosen.
  return config_.alt_start >= 0 && (i >= config_.alt_start || views >= kViewsForReference);
}

at::Tensor Backbone::finish_layer(const at::Tensor& local, const at::Tensor& tokens,
                                  const Kernels& kernels) const {
  const int64_t views = tokens.size(0) * tokens.size(1), patches = tokens.size(2) - 1;
  const at::Tensor normed = kernels.layer_norm(tokens.flatten(0, 1).narrow(1, 1, patches), norm_);
  if (!config_.cat_token) return normed;
  return at::cat({local.reshape({views, patches + 1, config_.embed_dim}).narrow(1, 1, patches), normed}, -1);
}

at::Tensor BackboneResult::sum() const {
  at::Tensor total = layers.front().sum();
  for (size_t i = 1; i < layers.size(); ++i) total += layers[i].sum();
  return total;
}

BackboneResult Backbone::run(const at::Tensor& image, const Request& request,
                             const BackboneGeometry& geometry, const Kernels& kernels,
                             const RunControl& control) const {
  const int64_t scenes = image.size(0), views = image.size(1);
  control.begin_stage("backbone");
  at::Tensor x = embed(image, geometry, kernels, control);  // [B, S, N, C]
  const int64_t tokens = x.size(2);
  at::Tensor local;
  std::optional<ViewOrder> order;
  BackboneResult result;
  const auto in_input_order = [&](const at::Tensor& t) {
    return order ? permute_views(t, order->inverse) : t;
  };

  for (int64_t i = 0; i < config_.depth; ++i) {
    control.at_step("backbone", i, config_.depth);
    if (i == config_.alt_start - 1 && views >= kViewsForReference && !request.given_cameras.defined()) {
      order = reference_first(select_reference(x.select(2, 0), request.reference), views);
      x = permute_views(x, order->order);
      if (local.defined()) local = permute_views(local, order->order);
    }
    if (config_.alt_start >= 0 && i == config_.alt_start) place_cameras(x, request.given_cameras);

    const bool global = global_block(i);
    const bool rotates = config_.rope_start >= 0 && i >= config_.rope_start;
    TokenRotation rotation;
    if (rotates && global) rotation = {nullptr, &geometry.camera, tokens};
    if (rotates && !global) rotation = {&geometry.local, nullptr, tokens};
    at::Tensor sequences =
        global ? x.view({scenes, views * tokens, -1}) : x.view({scenes * views, tokens, -1});
    {
      const auto timed = control.layer(global ? "global_block" : "block", i);
      blocks_[static_cast<size_t>(i)].run(sequences, rotation, kernels, reads_cameras(i, views) ? tokens : 0);
    }
    control.see("block." + std::to_string(i), sequences);
    // Blocks work in place: the last local output is kept apart where the global block after it is an output.
    const bool read_after_global = global_block(i + 1) && contains(config_.out_layers, i + 1);
    if (!global && config_.cat_token) local = read_after_global ? x.clone() : x;

    if (contains(config_.out_layers, i)) {
      const at::Tensor last_local = in_input_order(local.defined() ? local : x), last = in_input_order(x);
      result.layers.push_back(finish_layer(last_local, last, kernels));
      if (i == config_.out_layers.back()) {
        const at::Tensor token = last.select(2, 0);
        result.camera_tokens =
            config_.cat_token ? at::cat({last_local.select(2, 0), token}, -1) : token.clone();
      }
    }
    if (contains(request.features, i))
      result.features[i] = kernels.layer_norm(in_input_order(x).narrow(2, 1, tokens - 1), norm_)
                               .unflatten(2, {geometry.rows, geometry.columns});
  }
  control.at_step("backbone", config_.depth, config_.depth);
  return result;
}

}  // namespace da3::net
