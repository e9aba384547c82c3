// SPDX-License-Identifier: Apache-2.0
// The any-view network (da3-small, base, large, giant): images of a scene -> depth, confidence, cameras,
// rays, and from the giant gaussians. Immutable but for what it reads and makes on demand, under locks; runs
// of one network may follow each other or be at the same time, from different threads.
#pragma once

#include <optional>

#include "checkpoint/model_config.hpp"
#include "net/backbone.hpp"
#include "net/dual_dpt.hpp"
#include "net/gaussians.hpp"
#include "net/geometry_cache.hpp"
#include "net/gs_dpt.hpp"
#include "net/network.hpp"
#include "net/on_demand.hpp"
#include "net/scene_shape.hpp"

namespace da3::net {

class AnyViewNet : public Network {
 public:
  /// Reads the tensors below config.prefix.
  AnyViewNet(const WeightSource& source, const checkpoint::NetConfig& config);

  bool only_launches(const NetRequest& request) const override { return !request.gaussians; }
  Computed compute(const NetInputs& inputs, const NetRequest& request, const Kernels& kernels,
                   const RunControl& control) const override;
  NetOutputs finish(Computed computed, const NetInputs& inputs, const NetRequest& request,
                    const RunControl& control) const override;
  uint64_t forget_geometries() const override;
  PartsThere parts() const override;

  const checkpoint::NetConfig& config() const { return config_; }

 private:
  struct Geometry {
    BackboneGeometry backbone;
    DualDpt::Embeddings embeddings;
    std::optional<GsDpt::Embeddings> gaussians;
  };

  /// Takes the layers from the features where nobody reads them after it.
  NetOutputs dense_outputs(BackboneResult& features, const Geometry& tables, const NetRequest& request,
                           const SceneShape& shape, const Kernels& kernels, const RunControl& control) const;
  Cameras cameras(const BackboneResult& features, const NetOutputs& dense, const NetRequest& request,
                  const SceneShape& shape, const Kernels& kernels) const;
  Gaussians gaussians(BackboneResult& features, const Geometry& tables, const NetOutputs& out,
                      const NetInputs& inputs, const SceneShape& shape, const NetRequest& request,
                      const Kernels& kernels, const RunControl& control) const;

  checkpoint::NetConfig config_;
  Backbone backbone_;
  DualDpt head_;
  std::optional<CameraDecoder> camera_decoder_;
  std::optional<OnDemand<CameraEncoder>> camera_encoder_;  ///< a fifth of the weights, for given poses alone
  std::optional<GsDpt> gs_head_;
  std::optional<GaussianAdapter> gs_adapter_;
  mutable GeometryCache<Geometry> geometries_;
};

}  // namespace da3::net
