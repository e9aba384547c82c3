// SPDX-License-Identifier: Apache-2.0
#include "net/any_view_net.hpp"

#include <utility>

namespace da3::net {

AnyViewNet::AnyViewNet(const WeightSource& source, const checkpoint::NetConfig& config)
    : config_(config),
      backbone_(WeightReader(source, config.prefix + "backbone.pretrained."), config.backbone),
      head_(WeightReader(source, config.prefix + "head."), config.head) {
  if (config.camera) {
    camera_decoder_.emplace(WeightReader(source, config.prefix + "cam_dec."));
    camera_encoder_.emplace(WeightReader(source, config.prefix + "cam_enc."));
  }
}

Capabilities AnyViewNet::capabilities() const {
  Capabilities can;
  can.confidence = can.ray = true;
  can.pose = can.pose_input = config_.camera.has_value();
  can.feature_blocks = config_.backbone.depth;
  can.feature_width = config_.backbone.embed_dim;
  return can;
}

uint64_t AnyViewNet::forget_geometries() const {
  return geometries_.clear([](const Geometry& kept) { return kept.backbone.bytes(); });
}

NetOutputs AnyViewNet::run(const NetInputs& inputs, const NetRequest& request, const Kernels& kernels,
                           const RunControl& control) const {
  const int64_t scenes = inputs.image.size(0), views = inputs.image.size(1);
  const int64_t height = inputs.image.size(2), width = inputs.image.size(3);
  const auto tables = geometries_.get(height, width, [&] {
    Geometry made;
    made.size = {height / kPatch, width / kPatch, height, width};
    made.backbone = backbone_.geometry(made.size.rows, made.size.columns);
    made.embeddings = head_.embeddings(made.size);
    return made;
  });

  Backbone::Request backbone_request{request.reference, request.features, {}};
  if (inputs.extrinsics.defined())
    backbone_request.given_cameras =
        camera_encoder_->run(inputs.extrinsics, inputs.intrinsics, height, width, kernels);
  BackboneResult features = backbone_.run(inputs.image, backbone_request, tables->backbone, kernels, control);

  NetOutputs out;
  if (request.cameras) out.cameras = camera_decoder_->run(features.camera_tokens, height, width, kernels);
  if (request.depth || request.rays) {
    const DualDpt::Request head_request{request.depth, request.rays, request.head_chunk_views};
    DenseOutputs dense =
        head_.run(features.layers, tables->size, tables->embeddings, head_request, kernels, control);
    const auto by_scene = [&](const at::Tensor& t) {
      return t.defined() ? t.unflatten(0, {scenes, views}) : t;
    };
    out.depth = by_scene(dense.depth);
    out.confidence = by_scene(dense.confidence);
    out.ray = by_scene(dense.ray);
    out.ray_confidence = by_scene(dense.ray_confidence);
  }
  for (auto& [block, tokens] : features.features)
    out.features[block] = tokens.unflatten(2, {tables->size.rows, tables->size.columns});
  return out;
}

}  // namespace da3::net
