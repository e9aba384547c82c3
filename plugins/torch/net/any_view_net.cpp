// SPDX-License-Identifier: Apache-2.0
#include "net/any_view_net.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "net/ray_pose.hpp"

namespace da3::net {

AnyViewNet::AnyViewNet(const WeightSource& source, const checkpoint::NetConfig& config)
    : config_(config),
      backbone_(WeightReader(source, config.prefix + "backbone.pretrained.", Role::backbone),
                config.backbone),
      head_(WeightReader(source, config.prefix + "head.", Role::head), config.head) {
  if (config.camera) {
    camera_decoder_.emplace(WeightReader(source, config.prefix + "cam_dec.", Role::camera));
    camera_encoder_.emplace(WeightReader(source, config.prefix + "cam_enc.", Role::camera),
                            [](const WeightReader& weights) { return CameraEncoder(weights); });
  }
  if (config.gaussian) {
    gs_head_.emplace(WeightReader(source, config.prefix + "gs_head.", Role::gaussian_head),
                     config.gaussian->head);
    gs_adapter_.emplace(*config.gaussian);
  }
}

uint64_t AnyViewNet::forget_geometries() const {
  return geometries_.clear([](const Geometry& kept) { return kept.backbone.bytes(); });
}

PartsThere AnyViewNet::parts() const {
  return {camera_encoder_ && camera_encoder_->there(), head_.has_rays()};
}

Computed AnyViewNet::compute(const NetInputs& inputs, const NetRequest& request, const Kernels& kernels,
                             const RunControl& control) const {
  const SceneShape shape(inputs.image);
  const int64_t height = shape.size.height, width = shape.size.width;
  const auto tables = geometries_.get(height, width, [&] {
    Geometry made{backbone_.geometry(shape.size.rows, shape.size.columns), head_.embeddings(shape.size), {}};
    if (gs_head_) made.gaussians = gs_head_->embeddings(shape.size);
    return made;
  });

  Backbone::Request backbone_request{request.reference, request.features, {}};
  if (inputs.extrinsics.defined()) {
    control.begin_stage("cameras");
    backbone_request.given_cameras =
        camera_encoder_->get().run(inputs.extrinsics, inputs.intrinsics, height, width, kernels);
  }
  BackboneResult features = backbone_.run(inputs.image, backbone_request, tables->backbone, kernels, control);

  // Before the heads, which free what they have read.
  at::Tensor sum = features.sum();
  NetOutputs out = dense_outputs(features, *tables, request, shape, kernels, control);
  out.sum = std::move(sum);
  if ((request.cameras && !request.ray_pose) || request.gaussians) {
    control.begin_stage("cameras");
    out.cameras = cameras(features, out, request, shape, kernels);
  }
  if (request.gaussians)
    out.gaussians = gaussians(features, *tables, out, inputs, shape, request, kernels, control);
  out.features = std::move(features.features);
  return {std::move(out), {}, {tables}};
}

NetOutputs AnyViewNet::finish(Computed computed, const NetInputs& inputs, const NetRequest& request,
                              const RunControl& control) const {
  NetOutputs out = std::move(computed.out);
  if (request.cameras && request.ray_pose && !request.gaussians) {
    control.begin_stage("cameras");
    out.cameras = cameras_from_rays(out.ray, out.ray_confidence, inputs.image.size(2), inputs.image.size(3),
                                    request.seed);
  }
  return out;
}

NetOutputs AnyViewNet::dense_outputs(BackboneResult& features, const Geometry& tables,
                                     const NetRequest& request, const SceneShape& shape,
                                     const Kernels& kernels, const RunControl& control) const {
  const bool cameras = request.cameras || request.gaussians;
  const DualDpt::Request head_request{request.depth || request.gaussians,
                                      request.rays || (cameras && request.ray_pose),
                                      request.head_chunk_views};
  NetOutputs out;
  if (!head_request.depth && !head_request.rays) return out;
  std::vector<at::Tensor> layers = request.gaussians ? features.layers : std::exchange(features.layers, {});
  const DenseOutputs dense =
      head_.run(std::move(layers), shape.size, tables.embeddings, head_request, kernels, control);
  out.depth = shape.by_scene(dense.depth);
  out.confidence = shape.by_scene(dense.confidence);
  out.ray = shape.by_scene(dense.ray);
  out.ray_confidence = shape.by_scene(dense.ray_confidence);
  return out;
}

Cameras AnyViewNet::cameras(const BackboneResult& features, const NetOutputs& dense,
                            const NetRequest& request, const SceneShape& shape,
                            const Kernels& kernels) const {
  const int64_t height = shape.size.height, width = shape.size.width;
  if (request.ray_pose)
    return cameras_from_rays(dense.ray, dense.ray_confidence, height, width, request.seed);
  return camera_decoder_->run(features.camera_tokens, height, width, kernels);
}

Gaussians AnyViewNet::gaussians(BackboneResult& features, const Geometry& tables, const NetOutputs& out,
                                const NetInputs& inputs, const SceneShape& shape, const NetRequest& request,
                                const Kernels& kernels, const RunControl& control) const {
  const int64_t scenes = shape.scenes, views = shape.views;
  const int64_t pixels = shape.size.height * shape.size.width;
  const at::Tensor depth = out.depth.flatten(0, 1);
  // The device may have no float64: down first, then cast.
  const at::Tensor extrinsics = out.cameras.extrinsics.cpu().to(at::kDouble).contiguous();
  const at::Tensor intrinsics = out.cameras.intrinsics.cpu().to(at::kDouble).contiguous();
  // Depth and cameras are in the scale that the network predicts; with given poses the gaussians take theirs.
  std::vector<double> scales(static_cast<size_t>(scenes), 1.0);
  if (inputs.extrinsics.defined())
    for (int64_t b = 0; b < scenes; ++b)
      scales[static_cast<size_t>(b)] = pose_scale(inputs.extrinsics[b], extrinsics[b]);

  Gaussians result = gs_adapter_->allocate(scenes * views, pixels, depth.options());
  gs_head_->run(std::move(features.layers), inputs.image.flatten(0, 1), shape.size, *tables.gaussians,
                request.head_chunk_views, kernels, control, [&](int64_t view, const at::Tensor& raw) {
                  ViewCamera camera;
                  std::copy_n(extrinsics.const_data_ptr<double>() + 12 * view, 12, camera.extrinsics.data());
                  std::copy_n(intrinsics.const_data_ptr<double>() + 9 * view, 9, camera.intrinsics.data());
                  gs_adapter_->place(raw, depth[view], camera, scales[static_cast<size_t>(view / views)],
                                     result, view);
                });
  for (at::Tensor* part :
       {&result.means, &result.scales, &result.rotations, &result.harmonics, &result.opacities})
    *part = shape.by_scene(*part).flatten(1, 2);
  return result;
}

}  // namespace da3::net
