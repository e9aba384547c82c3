// SPDX-License-Identifier: Apache-2.0
#include "net/mono_net.hpp"

#include <utility>

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
  const int64_t scenes = inputs.image.size(0), views = inputs.image.size(1);
  const int64_t height = inputs.image.size(2), width = inputs.image.size(3);
  const auto tables = geometries_.get(height, width, [&] {
    Geometry made;
    made.size = {height / kPatch, width / kPatch, height, width};
    made.backbone = backbone_.geometry(made.size.rows, made.size.columns);
    return made;
  });
  BackboneResult features = backbone_.run(inputs.image, {request.reference, request.features, {}},
                                          tables->backbone, kernels, control);
  NetOutputs out;
  if (request.depth || request.sky) {
    const Dpt::Outputs dense =
        head_.run(features.layers, tables->size, request.head_chunk_views, kernels, control);
    out.depth = dense.depth.unflatten(0, {scenes, views});
    out.sky = dense.sky.unflatten(0, {scenes, views});
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
