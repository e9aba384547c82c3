// SPDX-License-Identifier: Apache-2.0
// The single-view networks da3mono-large and da3metric-large: depth and sky of each view by itself.
#pragma once

#include "checkpoint/model_config.hpp"
#include "net/backbone.hpp"
#include "net/dpt.hpp"
#include "net/geometry_cache.hpp"
#include "net/network.hpp"

namespace da3::net {

class MonoNet : public Network {
 public:
  MonoNet(const WeightSource& source, const checkpoint::NetConfig& config);

  bool only_launches(const NetRequest&) const override { return true; }
  Computed compute(const NetInputs& inputs, const NetRequest& request, const Kernels& kernels,
                   const RunControl& control) const override;
  NetOutputs finish(Computed computed, const NetInputs& inputs, const NetRequest& request,
                    const RunControl& control) const override;
  uint64_t forget_geometries() const override;

 private:
  struct Geometry {
    BackboneGeometry backbone;
  };

  checkpoint::NetConfig config_;
  Backbone backbone_;
  Dpt head_;
  mutable GeometryCache<Geometry> geometries_;
};

}  // namespace da3::net
