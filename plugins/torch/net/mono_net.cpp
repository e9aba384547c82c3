// SPDX-License-Identifier: Apache-2.0
#include "net/mono_net.hpp"

#include <utility>

#include "net/scene_shape.hpp"
#include "net/sky.hpp"

namespace da3::net {

MonoNet::MonoNet(const WeightSource& source, const checkpoint::NetConfig& config)
    : config_(config),
      backbone_(WeightReader(source, config.prefix + "backbone.pretrained.", Role::backbone),
                config.backbone),
      head_(WeightReader(source, config.prefix + "head.", Role::head)) {}

uint64_t MonoNet::forget_geometries() const {
  return geometries_.clear([](const Geometry& kept) { return kept.backbone.bytes(); });
}

Computed MonoNet::compute(const NetInputs& inputs, const NetRequest& request, const Kernels& kernels,
                          const RunControl& control) const {
  const SceneShape shape(inputs.image);
  const auto tables = geometries_.get(shape.size.height, shape.size.width, [&] {
    return Geometry{backbone_.geometry(shape.size.rows, shape.size.columns)};
  });
  BackboneResult features = backbone_.run(inputs.image, {request.reference, request.features, {}},
                                          tables->backbone, kernels, control);
  NetOutputs out;
  out.sum = features.sum();
  if (request.depth || request.sky) {
    const Dpt::Outputs dense =
        head_.run(std::move(features.layers), shape.size, request.head_chunk_views, kernels, control);
    out.depth = shape.by_scene(dense.depth);
    out.sky = shape.by_scene(dense.sky);
  }
  out.features = std::move(features.features);
  return {std::move(out), {}, {tables}};
}

NetOutputs MonoNet::finish(Computed computed, const NetInputs&, const NetRequest& request,
                           const RunControl&) const {
  NetOutputs out = std::move(computed.out);
  if (request.depth || request.sky) fill_sky_(out.depth, out.sky);
  return out;
}

}  // namespace da3::net
