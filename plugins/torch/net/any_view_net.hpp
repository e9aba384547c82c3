// SPDX-License-Identifier: Apache-2.0
// The any-view network (da3-small, base, large, giant): images of a scene -> depth, confidence, cameras,
// rays. Immutable after construction; one network's runs may follow each other from different threads.
#pragma once

#include <optional>

#include "checkpoint/model_config.hpp"
#include "net/backbone.hpp"
#include "net/dual_dpt.hpp"
#include "net/geometry_cache.hpp"
#include "net/network.hpp"

namespace da3::net {

class AnyViewNet : public Network {
 public:
  /// Reads the tensors below config.prefix.
  AnyViewNet(const WeightSource& source, const checkpoint::NetConfig& config);

  Capabilities capabilities() const override;
  NetOutputs run(const NetInputs& inputs, const NetRequest& request, const Kernels& kernels,
                 const RunControl& control) const override;
  uint64_t forget_geometries() const override;

  const checkpoint::NetConfig& config() const { return config_; }

 private:
  struct Geometry {
    HeadGeometry size;
    BackboneGeometry backbone;
    DualDpt::Embeddings embeddings;
  };

  checkpoint::NetConfig config_;
  Backbone backbone_;
  DualDpt head_;
  std::optional<CameraDecoder> camera_decoder_;
  std::optional<CameraEncoder> camera_encoder_;
  mutable GeometryCache<Geometry> geometries_;
};

}  // namespace da3::net
